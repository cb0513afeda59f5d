"""The offline way: recordings and arrays to codes, through the same path as the live one.

A channels of the source, C kept ones, T samples, P patches, G codes of a patch.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

import numpy as np
from numpy.typing import NDArray

from eegstream.codec.bundle import load
from eegstream.codec.engine import PRECISION, TORCH_VERSION, Engine, choose_device
from eegstream.epoch import (
    Clock,
    Encoder,
    Epoch,
    Event,
    ModelFacts,
    Pending,
    Place,
    SignalOptions,
    StreamGeometry,
    encode_pending,
)
from eegstream.errors import RecordingError
from eegstream.files.codes import CodedSegment, collect_segments
from eegstream.files.recordings import OUTLET_FORMAT, OUTLET_TYPE, Recording
from eegstream.pipeline import HIGHEST_RATE_HZ, LOWEST_RATE_HZ, Patch
from eegstream.wire.identity import stream_name
from eegstream.wire.messages import Message, Source, UtcMark

_BATCH_ROWS = 512
_SAME_CLOCK = Clock(offset_s=0.0, error_s=0.0)


def model_facts(engine: Engine) -> ModelFacts:
    """What `spec` says of the model and where it runs."""
    return ModelFacts(
        manifest=engine.bundle.manifest,
        sha256=engine.bundle.sha256,
        device=str(engine.device),
        precision=PRECISION,
        torch=TORCH_VERSION,
    )


def recording_geometry(recording: Recording) -> StreamGeometry:
    """The geometry that `play` would announce for the recording."""
    return StreamGeometry(
        source=Source(
            name=recording.name,
            type=OUTLET_TYPE,
            source_id=recording.source_id,
            uid="",
            hostname="",
            session_id="",
            format=OUTLET_FORMAT,
        ),
        rate_hz=recording.rate_hz,
        labels=recording.labels,
        types=recording.types,
        units=recording.units,
    )


def encode_recording(
    recording: Recording, encoder: Encoder, facts: ModelFacts, options: SignalOptions
) -> Iterator[Message]:
    """Yield the messages of a recording: `spec`, `codes` and `gap` as they come, `end` (gone).

    Raises:
        ConfigError: the settings do not suit this recording.
        StreamError: no channel of it is EEG.
    """
    epoch = _only_epoch(recording, facts, options)
    yield epoch.spec(UtcMark(iso=datetime.now(UTC).isoformat(timespec="milliseconds"), clock=0.0))
    waiting: list[Pending] = []
    for events in _push_all(epoch, recording):
        waiting += [Pending(epoch, event, _SAME_CLOCK, _needed_s(event)) for event in events]
        if len(waiting) * epoch.n_channels >= _BATCH_ROWS:
            yield from encode_pending(waiting, encoder)
            waiting = []
    yield from encode_pending(waiting, encoder)


def offline_patches(recording: Recording, facts: ModelFacts, options: SignalOptions) -> Iterator[Patch]:
    """Yield the front-ended patches of a recording, as the model sees them.

    Raises:
        ConfigError: the settings do not suit this recording.
        StreamError: no channel of it is EEG.
    """
    for events in _push_all(_only_epoch(recording, facts, options), recording):
        yield from (event for event in events if isinstance(event, Patch))


def _only_epoch(recording: Recording, facts: ModelFacts, options: SignalOptions) -> Epoch:
    geometry = recording_geometry(recording)
    source = geometry.source
    place = Place(
        stream=stream_name(source.name, source.type, source.source_id, source.hostname),
        run=secrets.token_hex(8),
        epoch=0,
        next_seq=count().__next__,
    )
    return Epoch(geometry, facts, options, place)


def _push_all(epoch: Epoch, recording: Recording) -> Iterator[list[Event]]:
    step = max(1, round(recording.rate_hz))
    for start in range(0, recording.samples.shape[1], step):
        chunk = slice(start, start + step)
        yield epoch.pipeline.push(recording.samples[:, chunk], recording.times_s[chunk], arrived_s=0.0)
    yield epoch.pipeline.finish("gone")


def _needed_s(event: Event) -> float:
    """Offline, a sample arrives at its own time."""
    return event.needed_s if isinstance(event, Patch) else 0.0


@dataclass(frozen=True)
class Tokenizer:
    """A bundle ready to encode arrays.

    >>> tokenizer = Tokenizer.load("default")           # doctest: +SKIP
    >>> segment, = tokenizer.encode(x_uv, rate_hz=250)  # doctest: +SKIP
    >>> segment.codes.shape                             # (patches, channels, codes of a patch) # doctest: +SKIP
    """

    engine: Engine

    @classmethod
    def load(cls, name: str = "default", device: str = "auto") -> "Tokenizer":
        """Load a bundle by `NAME[@VERSION]` or path, on `auto`, `cpu`, `cuda` or `cuda:N`.

        Raises:
            BundleError: no such bundle, or it does not verify.
            ConfigError: no such device.
        """
        chosen = choose_device(device)
        return cls(Engine(load(name, chosen), chosen))

    def encode(
        self, x_uv: NDArray[np.floating], rate_hz: float, options: SignalOptions | None = None
    ) -> list[CodedSegment]:
        """Codes of microvolts (C, T) sampled at `rate_hz`, every row taken as an EEG channel.

        An array has no holes, so the list has one segment.

        Raises:
            RecordingError: `x_uv` is not two-dimensional, or empty, or the rate is none.
        """
        x_uv = np.asarray(x_uv)
        if x_uv.ndim != 2 or 0 in x_uv.shape:
            raise RecordingError(f"an array of shape {x_uv.shape} came, expected (channels, samples)", "Reshape it")
        if not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ:
            raise RecordingError(
                f"a rate of {rate_hz} Hz came, expected {LOWEST_RATE_HZ:g} to {HIGHEST_RATE_HZ:g} Hz",
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
            samples=np.asarray(x_uv, np.float32),
            times_s=np.arange(n_samples) / rate_hz,
            remarks=(),
        )
        messages = encode_recording(recording, self.engine, model_facts(self.engine), options or SignalOptions())
        return collect_segments(messages, "array")
