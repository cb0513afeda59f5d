"""One epoch of one stream: turn the pipeline's events into messages.

The daemon and `encode` both run this code, so their content is the same.

C kept channels, N samples in a patch, G codes of a patch, B patches of one channel in a batch.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from eegstream.codec.facts import ModelFacts
from eegstream.counted import CountedPipeline
from eegstream.dsp.channels import select_channels
from eegstream.dsp.frontend import FrontEndSettings
from eegstream.dsp.montage import printable
from eegstream.dsp.untimed import Arrivals
from eegstream.epoch_notes import rate_notes, setting_notes
from eegstream.events import Event, Patch, SegmentEnd, without_patches
from eegstream.following import Following
from eegstream.pipeline import PipelineSettings, StreamPipeline
from eegstream.stream import SignalOptions, StreamGeometry
from eegstream.wire.messages import (
    Codes,
    End,
    Frontend,
    Gap,
    ModelIdentity,
    Omitted,
    Spec,
    UtcMark,
)
from eegstream.wire.reasons import END_REASONS, EndReason


@dataclass(frozen=True)
class Clock:
    """The offset between the daemon's clock and the outlet's."""

    offset_s: float | None
    """Daemon minus outlet; None before the first estimate."""
    error_s: float | None


@dataclass(frozen=True)
class MessageContext:
    """The stream, run and epoch of messages, and the counter of their `seq`."""

    stream: str
    run: str
    epoch: int
    next_seq: Callable[[], int]


class _Header(TypedDict):
    stream: str
    run: str
    epoch: int
    seq: int


class Epoch:
    """One epoch: one inlet on one life of an outlet, with one geometry, one rate and one model.

    `rate_hz` is the stream's real rate; None means the stated rate.

    Raises:
        ConfigError: the settings do not suit this stream.
        StreamError: no channel of it is EEG.
    """

    def __init__(
        self,
        geometry: StreamGeometry,
        facts: ModelFacts,
        options: SignalOptions,
        context: MessageContext,
        rate_hz: float | None = None,
    ) -> None:
        self._geometry, self._facts, self._context = geometry, facts, context
        self._rate_hz = options.rate_hz or rate_hz or geometry.rate_hz
        manifest = facts.manifest
        self._frontend = FrontEndSettings(
            model_rate_hz=manifest.frontend.model_rate_hz,
            highpass_hz=manifest.frontend.highpass_hz,
            notch_hz=manifest.frontend.notch_hz if options.notch_hz is None else options.notch_hz,
        )
        settings = PipelineSettings(
            frontend=self._frontend,
            patch=manifest.patch,
            hop=manifest.hop,
            amplitude_uv=manifest.amplitude_uv,
            fill_s=options.fill_ms / 1000,
        )
        self._selection = select_channels(geometry.labels, geometry.types, geometry.units, options.choice)
        scale = np.array(geometry.stated_scale)[list(self._selection.kept)] if geometry.stated_scale else None
        pipeline = StreamPipeline(
            settings,
            self._rate_hz,
            self._selection,
            watch_rate=options.rate_hz is None,
            live_arrivals=not geometry.is_recording,
            stated_scale=scale,
        )
        counter = self._selection.counter
        self._pipeline = (
            pipeline if counter is None else CountedPipeline(pipeline, counter, printable(geometry.labels[counter]))
        )
        self._lost: dict[int, Patch] = {}
        """By segment: the first patch that got no codes."""
        self._notes = (
            *facts.notes,
            *self._selection.notes,
            *rate_notes(self._rate_hz, geometry.rate_hz, options),
            *setting_notes(self._rate_hz, manifest, options),
        )

    def push(self, raw: NDArray[np.generic], timestamps_s: NDArray[np.float64], arrived_s: Arrivals) -> list[Event]:
        """Take a chunk (A, T) in the source's units with its timestamps (T,); return what it completes, in order."""
        return self._pipeline.push(raw, timestamps_s, arrived_s)

    def overflow(self, dropped: int) -> list[Event]:
        """End the segment because `dropped` samples were received but could not be queued."""
        return self._pipeline.overflow(dropped)

    def pause(self) -> list[Event]:
        """End the segment because the source paused here for an unknown time."""
        return self._pipeline.pause()

    def lose(self, patch: Patch) -> list[Event]:
        """Note that `patch` gets no codes: its segment ends before it. Return what that completes, in order."""
        if patch.segment in self._lost:
            return []
        self._lost[patch.segment] = patch
        return self._pipeline.give_up() if patch.segment == self._pipeline.segment else []

    def is_lost(self, patch: Patch) -> bool:
        """Whether `patch` or an earlier one of its segment got no codes."""
        return patch.segment in self._lost

    def finish(self, reason: EndReason) -> list[Event]:
        """End the epoch; nothing may be pushed afterwards."""
        return self._pipeline.finish(reason)

    @property
    def changed_rate_hz(self) -> float | None:
        """The stream's new rate, if it changed, which ends the epoch; else None."""
        return self._pipeline.changed_rate_hz

    @property
    def segment(self) -> int:
        """Number of the running segment."""
        return self._pipeline.segment

    @property
    def remark(self) -> str | None:
        """All of `remarks` as one text; None if all is well."""
        return self._pipeline.remark

    @property
    def remarks(self) -> tuple[str, ...]:
        """Why nothing is encoded, or remarks on counter, amplitude and mains, after the first seconds."""
        return self._pipeline.remarks

    @property
    def mains_share(self) -> dict[str, float | None] | None:
        """The share of energy that is mains, by line, over the last seconds; None before it is known."""
        return self._pipeline.mains_share

    @property
    def stream(self) -> str:
        """Name of the stream on the wire."""
        return self._context.stream

    @property
    def rate_hz(self) -> float:
        """The source's real rate; the model's condition."""
        return self._rate_hz

    @property
    def n_channels(self) -> int:
        """Number of kept channels."""
        return len(self._selection.kept)

    @property
    def summary(self) -> str:
        """The epoch in a few words, for a log."""
        return f"{self.n_channels} of {len(self._geometry.labels)} channels at {self._rate_hz:g} Hz"

    def spec(self, utc: UtcMark) -> Spec:
        """The message that opens the epoch."""
        manifest = self._facts.manifest
        return Spec(
            **self._header(),
            source=self._geometry.source,
            rate_hz=self._rate_hz,
            channels=self._selection.labels,
            left_out=tuple(Omitted(label=channel.label, why=channel.why) for channel in self._selection.left_out),
            unit_scale=tuple(map(float, self._selection.unit_scale)),
            model=ModelIdentity(name=manifest.name, version=manifest.version, sha256=self._facts.sha256),
            patch=manifest.patch,
            hop=manifest.hop,
            words=manifest.words,
            model_rate_hz=self._frontend.model_rate_hz,
            frontend=Frontend(
                model_rate_hz=self._frontend.model_rate_hz,
                highpass_hz=self._frontend.highpass_hz,
                notch_hz=self._frontend.notch_hz,
            ),
            delay_s=self._pipeline.delay_s,
            device=self._facts.device,
            precision=self._facts.precision,
            torch=self._facts.torch,
            utc=utc,
            notes=self._notes,
        )

    def codes(self, patch: Patch, codes: NDArray[np.int32], clock: Clock, arrived_s: float) -> Codes:
        """The message of one patch whose channels have `codes` (C, G)."""
        return Codes(
            **self._header(),
            segment=patch.segment,
            first=patch.index,
            shape=(1, *codes.shape),
            codes=codes.astype("<u2").tobytes(),
            flags=patch.flags.tobytes(),
            t=(patch.t_s,),
            clock_offset=clock.offset_s,
            clock_error=None if clock.error_s is None else clock.error_s + patch.t_error_s,
            arrived=arrived_s,
        )

    def account(self, ended: SegmentEnd) -> Gap | End:
        """The message that closes a segment, or the epoch."""
        lost = self._lost.pop(ended.segment, None)
        if lost is not None:
            ended = without_patches(ended, lost, self._facts.manifest.patch, self._facts.manifest.hop)
        kind = End if ended.reason in END_REASONS else Gap
        return kind.model_validate(
            {
                **self._header(),
                "segment": ended.segment,
                "reason": ended.reason,
                "t_from": ended.t_from_s,
                "t_to": ended.t_to_s,
                "missing": ended.missing,
                "received": ended.received,
                "discarded": ended.discarded,
                "emitted": ended.emitted,
                "tail": ended.tail,
            }
        )

    def _header(self) -> _Header:
        context = self._context
        return {"stream": context.stream, "run": context.run, "epoch": context.epoch, "seq": context.next_seq()}


_NOWHERE = MessageContext(stream="", run="", epoch=0, next_seq=lambda: 0)


def require_usable(geometry: StreamGeometry, facts: ModelFacts, options: SignalOptions) -> None:
    """Refuse a stream that cannot have an epoch, before any sample of it is taken.

    Raises:
        ConfigError: the settings do not suit this stream at its stated rate.
        StreamError: no channel of it is EEG, or it states no rate and the user gives none.
    """
    follow_stream(geometry, facts, options, lambda: _NOWHERE)
    Epoch(geometry, facts, options, _NOWHERE)


def follow_stream(
    geometry: StreamGeometry, facts: ModelFacts, options: SignalOptions, next_context: Callable[[], MessageContext]
) -> Following[Epoch]:
    """Turn the samples of one outlet, or of one recording, into epochs.

    Raises:
        StreamError: no channel is EEG, or the stream states no rate and the user gives none.
    """
    select_channels(geometry.labels, geometry.types, geometry.units, options.choice)
    return Following(
        options.rate_hz or geometry.rate_hz,
        lambda rate_hz: Epoch(geometry, facts, options, next_context(), rate_hz),
        is_given=options.rate_hz is not None,
    )
