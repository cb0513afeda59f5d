"""Encode recordings and arrays offline, through the same path as live streams.

A channels of the source, C kept ones, T samples, P patches, G codes of a patch.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eegstream.codec.bundle import load
from eegstream.codec.engine import Engine, choose_device
from eegstream.codec.facts import ModelFacts
from eegstream.codec.manifest import bits_of
from eegstream.codec.trust import Trust
from eegstream.decoding import Reconstruction, choose_stream, reconstruct
from eegstream.dsp.rates import HIGHEST_RATE_HZ, LOWEST_RATE_HZ
from eegstream.epoch import Clock, Epoch, MessageContext, follow_stream
from eegstream.errors import BundleError, RecordingError
from eegstream.event_messages import with_events
from eegstream.events import Patch, SegmentEnd
from eegstream.feeding import feed, recording_geometry
from eegstream.files.recordings import OUTLET_TYPE, Recording
from eegstream.files.samples import HeldSamples
from eegstream.files.segments import CodedSegment, collect_segments
from eegstream.following import Happened, Opened
from eegstream.pending import Encoder, PendingEvent, encode_pending
from eegstream.stream import SignalOptions
from eegstream.vocabularies import Coefficients, Vocabulary, vocabulary
from eegstream.wire.identity import stream_name
from eegstream.wire.messages import Message, UtcMark
from eegstream.wire.reasons import END_REASONS

_BATCH_ROWS = 512
_SAME_CLOCK = Clock(offset_s=0.0, error_s=0.0)
_NO_DATE = UtcMark(iso="1970-01-01T00:00:00.000+00:00", clock=0.0)
"""The recording's first sample is at 0; its date is not known."""


def encode_recording(
    recording: Recording,
    encoder: Encoder,
    facts: ModelFacts,
    options: SignalOptions,
    tell: Callable[[str], None] = lambda _: None,
) -> Iterator[Message]:
    """Yield the messages of a recording: `spec`, `codes`, `gap` and `event` as they come, `end` (gone).

    `tell` gets remarks on the signal, one sentence each, as they arise.

    Raises:
        ConfigError: the settings do not suit this recording.
        StreamError: no channel of it is EEG.
    """
    yield from with_events(_signal_messages(recording, encoder, facts, options, tell), recording.events)


def _signal_messages(
    recording: Recording, encoder: Encoder, facts: ModelFacts, options: SignalOptions, tell: Callable[[str], None]
) -> Iterator[Message]:
    """The messages of a recording's signal."""
    waiting: list[PendingEvent] = []
    for steps in follow_recording(recording, facts, options):
        for step in steps:
            if isinstance(step, Opened):
                yield from encode_pending(waiting, encoder)
                waiting = []
                yield step.followed.spec(_NO_DATE)
                continue
            waiting.append(PendingEvent(step.followed, step.event, _SAME_CLOCK, _needed_s(step)))
            if isinstance(step.event, SegmentEnd) and step.event.reason in END_REASONS:
                for remark in step.followed.remarks:
                    tell(remark)
        if sum(item.epoch.n_channels for item in waiting) >= _BATCH_ROWS:
            yield from encode_pending(waiting, encoder)
            waiting = []
    yield from encode_pending(waiting, encoder)


def offline_patches(recording: Recording, facts: ModelFacts, options: SignalOptions) -> Iterator[Patch]:
    """Yield the front-ended patches of a recording, as the model sees them.

    Raises:
        ConfigError: the settings do not suit this recording.
        StreamError: no channel of it is EEG.
    """
    for steps in follow_recording(recording, facts, options):
        yield from (step.event for step in steps if isinstance(step, Happened) and isinstance(step.event, Patch))


def follow_recording(
    recording: Recording, facts: ModelFacts, options: SignalOptions
) -> Iterator[list[Opened[Epoch] | Happened[Epoch]]]:
    """The events of a recording, the same as of a stream that plays it."""
    geometry = recording_geometry(recording)
    source = geometry.source
    stream = stream_name(source.name, source.type, source.source_id, source.hostname)
    run, next_epoch, next_seq = _run(recording, facts, options), count().__next__, count().__next__
    following = follow_stream(geometry, facts, options, lambda: MessageContext(stream, run, next_epoch(), next_seq))
    return feed(recording, following)


def _run(recording: Recording, facts: ModelFacts, options: SignalOptions) -> str:
    """The run's name: the same for the same recording, bundle and options, so that the same bytes come of them."""
    if not recording.source_id:
        return secrets.token_hex(8)
    decided = [recording.source_id, recording.pieces.shape, facts.sha256, asdict(options)]
    return hashlib.sha256(json.dumps(decided, sort_keys=True).encode()).hexdigest()[:16]


def _needed_s(step: Happened[Epoch]) -> float:
    """Offline, a sample arrives at its own time."""
    return step.event.needed_s if isinstance(step.event, Patch) else 0.0


@dataclass(frozen=True)
class Tokenizer:
    """A bundle ready to encode arrays.

    >>> tokenizer = Tokenizer.load("default")           # doctest: +SKIP
    >>> segment, = tokenizer.encode(x_uv, rate_hz=250)  # doctest: +SKIP
    >>> segment.codes.shape                             # (patches, channels, codes of a patch) # doctest: +SKIP
    """

    engine: Engine

    def __repr__(self) -> str:
        manifest = self.engine.bundle.manifest
        rate = f"{manifest.frontend.model_rate_hz:g} Hz" if manifest.frontend.model_rate_hz else "the source's rate"
        return (
            f"Tokenizer({self.engine.bundle.title} on {self.engine.device}: {manifest.patch} samples at {rate} become "
            f"{len(manifest.words)} codes, {bits_of(manifest.words):.0f} bit)"
        )

    @classmethod
    def load(
        cls,
        name: str = "default",
        device: str = "auto",
        *,
        sha256: str | None = None,
        keys: Iterable[str | Path] = (),
        allow_unsigned: bool = False,
    ) -> "Tokenizer":
        """Load a bundle by `NAME[@VERSION]` or path, on `auto`, `cpu`, `cuda` or `cuda:N`.

        A bundle by path is a program, so say why it may run: it has this `sha256`, or one of `keys` signed it (public
        keys, or folders of them), or `allow_unsigned`.

        Raises:
            BundleError: there is no such bundle, nothing vouches for it, or it does not verify.
            ConfigError: there is no such device, or a key cannot be read.
        """
        chosen = choose_device(device)
        trust = Trust.of(sha256, keys, allow_unsigned=allow_unsigned)
        return cls(Engine(load(name, chosen, trust), chosen))

    def encode(
        self, x_uv: NDArray[np.floating], rate_hz: float, options: SignalOptions | None = None
    ) -> list[CodedSegment]:
        """Codes of microvolts (C, T) sampled at `rate_hz`; every row counts as an EEG channel.

        An array has no gaps, so the list has one segment.

        Raises:
            RecordingError: `x_uv` is not two-dimensional, or is empty, or the rate is out of range.
        """
        x_uv = np.asarray(x_uv)
        if x_uv.ndim != 2 or 0 in x_uv.shape:
            raise RecordingError(f"the array has the shape {x_uv.shape}, expected (channels, samples)", "Reshape it")
        if not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ:
            raise RecordingError(
                f"the rate is {rate_hz} Hz, expected {LOWEST_RATE_HZ:g} to {HIGHEST_RATE_HZ:g} Hz",
                "Give the sampling rate of the array",
            )
        n_channels, n_samples = x_uv.shape
        recording = Recording(
            name="array",
            source_id="",
            rate_hz=float(rate_hz),
            labels=tuple(f"ch{number + 1}" for number in range(n_channels)),
            types=(OUTLET_TYPE,) * n_channels,
            units=("microvolts",) * n_channels,
            pieces=HeldSamples(np.asarray(x_uv, np.float32)),
            times_s=np.arange(n_samples) / rate_hz,
            remarks=(),
        )
        messages = encode_recording(recording, self.engine, self.engine.facts, options or SignalOptions())
        return collect_segments(messages, "array")

    def decode(self, segments: list[CodedSegment], kind: str = "mse") -> Reconstruction:
        """Decode to microvolts (C, T) at the model's rate, with their times.

        `kind` is one of the bundle's decodes, or `joint` if it has `spectrum` and decodes prefixes. `joint` filters the
        decode of least error across the channels, with correlations from the codes of each whole segment.

        Raises:
            BundleError: another bundle made the codes.
            CodesFileError: no segments, or several streams.
            ConfigError: the bundle does not have this decode.
        """
        chosen = choose_stream(segments, None)
        made_by = chosen[0].spec.model
        if made_by.sha256 != self.engine.bundle.sha256:
            raise BundleError(
                f"the codes were made by {made_by.name}@{made_by.version} ({made_by.sha256[:12]}), "
                f"this is {self.engine.bundle.title} ({self.engine.bundle.sha256[:12]})",
                "Load the bundle that made them",
            )
        return reconstruct(chosen, self.engine, kind)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The codes of this bundle as tokens; as `eegstream.vocabulary`, which needs no PyTorch.

        Raises:
            BundleError: the bundle's file is gone or damaged.
        """
        return vocabulary(str(self.engine.bundle.path))

    def coefficients(self, segment: CodedSegment) -> Coefficients:
        """Gain, envelope and dequantised cosine coefficients (P, C, n) of a classified bundle's codes.

        Raises:
            BundleError: another bundle made the codes.
            ConfigError: the bundle is not a classified one.
        """
        return self.vocabulary.coefficients(segment)
