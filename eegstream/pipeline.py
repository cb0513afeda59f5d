"""One stream's whole signal path without I/O: samples and timestamps in; patches, gaps and the ledger out.

C kept channels, A channels of the source, T samples in a chunk, N samples in a patch.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegstream.borders import ArrivalWitness, Border
from eegstream.dsp.absurd import AbsurdSamples
from eegstream.dsp.amplitude import AmplitudeWatch
from eegstream.dsp.channels import ChannelSelection
from eegstream.dsp.flags import PatchFlag
from eegstream.dsp.frontend import FrontEnd, FrontEndSettings
from eegstream.dsp.impute import HoldLastFinite, bridge
from eegstream.dsp.pace import RateWatch
from eegstream.dsp.patcher import Patcher
from eegstream.dsp.source_buffer import SourceBuffer
from eegstream.dsp.timeless import Timeless
from eegstream.dsp.timeline import Break, Timed, Timeline
from eegstream.dsp.untimed import Untimed
from eegstream.events import Event, Patch, SegmentEnd
from eegstream.wire.reasons import EndReason, GapReason


@dataclass(frozen=True)
class PipelineSettings:
    """All that decides a stream's patches: the bundle's manifest and the two options that may change them."""

    frontend: FrontEndSettings
    patch: int
    hop: int
    amplitude_uv: float
    fill_s: float = 0.0
    """Gaps up to this length are filled by interpolation."""


class StreamPipeline:
    """Follow one stream from its first sample to its end, or until its rate changes.

    Chunking does not change any event, to the bit. Without `watch_rate`, the stream is taken at `rate_hz` even if its
    timestamps show another rate. With `live_arrivals`, arrivals tell a step of the sender's clock from a loss.
    `stated_scale` (C,) is µV in one step of the numbers that the user knows, if these differ from the numbers that
    come in; a remark on the amplitude refers to it.

    Raises:
        ConfigError: a filter or the resampler cannot work at this rate.
    """

    def __init__(
        self,
        settings: PipelineSettings,
        rate_hz: float,
        selection: ChannelSelection,
        *,
        watch_rate: bool = True,
        live_arrivals: bool = True,
        stated_scale: NDArray[np.float64] | None = None,
    ) -> None:
        n_channels = len(selection.kept)
        self._settings, self._rate_hz = settings, rate_hz
        self._kept = np.array(selection.kept)
        self._scale = selection.unit_scale[:, None]
        self._timeline = Timeline(rate_hz)
        self._untimed = Untimed()
        self._absurd = AbsurdSamples(rate_hz, n_channels)
        self._impute = HoldLastFinite(n_channels)
        self._frontend = FrontEnd(settings.frontend, rate_hz, n_channels)
        self._patcher = Patcher(n_channels, settings.patch, settings.hop)
        self._source = SourceBuffer(self._frontend.grid, settings.patch, settings.hop)
        self._settling_patches = self._count_settling_patches()
        self._amplitude = AmplitudeWatch(
            settings.frontend.model_rate_hz or rate_hz, selection.unit_scale if stated_scale is None else stated_scale
        )
        self._watch = RateWatch(rate_hz) if watch_rate else None
        self.changed_rate_hz: float | None = None
        """The stream's new rate, if it changed. From then on samples are only counted; call `finish`."""
        self._border: Border | None = None
        self._witness = ArrivalWitness() if live_arrivals else None
        self._is_counted = False
        self._modulus: int | None = None
        """Whether a counter shows that no sample is missing, and how many counts it has in a round."""
        self._timeless = Timeless(rate_hz)
        self.segment = 0
        """Number of the running segment."""
        self._received = 0
        self._covered = 0
        self._time_error_s = 0.0

    @property
    def rate_hz(self) -> float:
        """The rate that samples are taken at."""
        return self._rate_hz

    @property
    def delay_s(self) -> float:
        """Seconds that a patch waits after its last sample, by design of the resampler."""
        return self._frontend.delay_s

    @property
    def remark(self) -> str | None:
        """Why nothing is encoded, or a remark on the amplitude, after the first seconds; None if all is well."""
        return self._timeless.remark or self._amplitude.remark

    def push(self, raw: NDArray[np.generic], timestamps_s: NDArray[np.float64], arrived_s: float) -> list[Event]:
        """Take a chunk (A, T) in the source's units with its timestamps (T,); return what it completes, in order."""
        with np.errstate(over="ignore", invalid="ignore"):
            x_uv = raw[self._kept].astype(np.float64) * self._scale
        self._untimed.put(x_uv, arrived_s)
        return self._follow(self._timeline.push(timestamps_s))

    def overflow(self, dropped: int) -> list[Event]:
        """End the segment because `dropped` samples were received but could not be queued."""
        events = self._cut("overflow", 0)
        self._received += dropped
        return events

    def pause(self) -> list[Event]:
        """End the segment because the source paused here for an unknown time."""
        return self._cut("missing", None)

    def give_up(self) -> list[Event]:
        """End the segment because the encoder failed."""
        return self._cut("encoder", 0)

    def count_by(self, modulus: int | None, *, is_counted: bool) -> None:
        """Note whether a counter shows that the next samples follow each other; its round has `modulus` counts."""
        self._is_counted, self._modulus = is_counted, modulus

    def note_loss(self, missing: int | None, modulus: int | None) -> list[Event]:
        """End the segment because a counter jumps; `missing` is exact, but for a multiple of `modulus`."""
        events = self._follow(self._timeline.flush())
        self._timeline.reset()
        if self._border is None:
            self._border = Border("missing", 0, self._may_be_filled(missing), is_counted=True)
        self._border.add_lost(missing, modulus)
        return events

    def drop(self, count: int) -> None:
        """Note that `count` samples were received that are repetitions."""
        self._received += count

    def _may_be_filled(self, missing: int | None) -> bool:
        return self._received > 0 and 0 < (missing or 0) <= self._settings.fill_s * self._rate_hz

    def _cut(self, reason: GapReason, missing: int | None) -> list[Event]:
        known = self._border
        events = self._follow(self._timeline.flush())
        self._timeline.reset()
        if self._border is None or self._border is not known:
            self._border = Border(reason, missing, bridgeable=False)
        self._border.bridgeable = False
        return events

    def finish(self, reason: EndReason) -> list[Event]:
        """End the epoch; nothing may be pushed afterwards."""
        events = self._follow(self._timeline.flush())
        self._amplitude.finish()
        self._timeless.finish()
        events.append(self._account(reason, t_to_s=None, missing=None))
        return events

    def _follow(self, items: list[Timed | Break]) -> list[Event]:
        events: list[Event] = []
        for item in items:
            self._timeless.note(item)
            if self.changed_rate_hz is not None:
                self._count(item.skipped if isinstance(item, Break) else len(item.times_s))
            elif isinstance(item, Break):
                self._note_border(item)
            else:
                events += self._take_timed(item)
        return events

    def _take_timed(self, item: Timed) -> list[Event]:
        """Pass samples with times through the stages, up to the point where their rate changes."""
        x, arrived_s = self._untimed.take(len(item.times_s))
        times_s = item.times_s
        events: list[Event] = []
        hole, self._border = self._border, None
        if hole is not None:
            self._settle(hole, float(times_s[0]), float(arrived_s[0]))
        if hole is not None and not hole.bridgeable:
            events.append(self._close_segment(hole, float(times_s[0])))
            hole = None
        before = self._impute.last
        judged = self._absurd.push(x)
        x, replaced = self._impute.push(judged, is_finite=judged is x)
        if hole is not None:
            events += self._fill(hole, before, x[:, :1], float(times_s[0]), float(arrived_s[0]))
        count = len(times_s)
        if self._watch is not None:
            count, self.changed_rate_hz = self._watch.push(times_s, item.error_s)
        if self._witness is not None:
            self._witness.note(float(times_s[-1]), float(arrived_s[-1]))
        self._received += len(times_s)
        self._time_error_s = item.error_s
        part = slice(0, count)
        return events + self._advance(x[:, part], replaced[:, part], times_s[part], arrived_s[part], filled=False)

    def _count(self, samples: int) -> None:
        """Account for samples that are no longer encoded."""
        if samples:
            self._untimed.take(samples)
            self._received += samples

    def _note_border(self, item: Break) -> None:
        """Note a border; borders without a timed sample between them count as one."""
        if self._border is None:
            self._border = Border.counted(item, self._modulus) if self._is_counted else Border.of(item)
            self._border.bridgeable &= self._may_be_filled(self._border.missing)
        else:
            self._border.bridgeable = False
        if item.skipped:
            self._count(item.skipped)
            self._border.bridgeable = False

    def _settle(self, border: Border, time_s: float, arrived_s: float) -> None:
        """Decide what a border means, now that the first sample after it has a time."""
        last_s = self._source.last_time_s
        if not np.isnan(last_s):
            border.take_rounds((time_s - last_s) * self._rate_hz - 1)
        is_estimate = border.reason == "missing" and not border.is_counted
        if is_estimate and self._witness is not None and self._witness.shows_clock_step(time_s, arrived_s):
            border.take_for_clock_step()

    def _close_segment(self, border: Border, t_to_s: float) -> SegmentEnd:
        """Close the segment before a border; the time of the first sample after it is `t_to_s`."""
        account = self._account(border.reason, t_to_s=t_to_s, missing=border.missing)
        self.segment += 1
        self._received = self._covered = 0
        for stage in (self._absurd, self._impute, self._frontend, self._patcher, self._source):
            stage.reset()
        if self._watch is not None:
            self._watch.begin_segment()
        if self._witness is not None:
            self._witness.begin_segment()
        return account

    def _fill(
        self,
        hole: Border,
        before: NDArray[np.float64],
        after: NDArray[np.float64],
        t_after_s: float,
        arrived_s: float,
    ) -> list[Event]:
        """Fill a small hole between two columns (C, 1)."""
        assert hole.missing is not None  # noqa: S101 - it is bridgeable
        if self._watch is not None:
            self._watch.begin_segment(is_known=True)
        count = hole.missing
        x = bridge(before, after, count)
        t_before_s = self._source.last_time_s
        times_s = t_before_s + (t_after_s - t_before_s) * (np.arange(1, count + 1) / (count + 1))
        return self._advance(x, np.zeros(x.shape, np.bool_), times_s, np.full(count, arrived_s), filled=True)

    def _advance(
        self,
        x: NDArray[np.float64],
        replaced: NDArray[np.bool_],
        times_s: NDArray[np.float64],
        arrived_s: NDArray[np.float64],
        *,
        filled: bool,
    ) -> list[Event]:
        self._source.push(x, replaced, times_s, arrived_s, filled=filled)
        first = self._patcher.emitted
        clean_uv = self._frontend.push(x)
        self._amplitude.push(clean_uv)
        patches = self._patcher.push(clean_uv)
        return [self._describe(first + n, samples) for n, samples in enumerate(patches)]

    def _describe(self, index: int, samples_uv: NDArray[np.float32]) -> Patch:
        view = self._source.patch(index)
        flags = (
            PatchFlag.REPLACED * view.replaced
            + PatchFlag.AMPLITUDE * (np.abs(samples_uv) >= self._settings.amplitude_uv).any(axis=1)
            + PatchFlag.FLAT * view.flat
            + PatchFlag.FILLED * view.filled
            + PatchFlag.SETTLING * (index < self._settling_patches)
        )
        covered_before = self._covered
        self._covered += view.newly_covered
        return Patch(
            segment=self.segment,
            index=index,
            samples_uv=samples_uv,
            flags=flags.astype(np.uint8),
            t_s=view.t_s,
            t_error_s=self._time_error_s,
            needed_s=view.needed_s,
            arrived_s=view.arrived_s,
            covered_before=covered_before,
        )

    def _count_settling_patches(self) -> int:
        """Number of patches p at a segment's start with p hop highpass < 2 model rate."""
        frontend = self._settings.frontend
        if frontend.highpass_hz is None:
            return 0
        limit = 2 * (frontend.model_rate_hz or self._rate_hz) / (self._settings.hop * frontend.highpass_hz)
        return int(np.ceil(limit))

    def _account(self, reason: GapReason | EndReason, t_to_s: float | None, missing: int | None) -> SegmentEnd:
        last_s = self._source.last_time_s
        return SegmentEnd(
            segment=self.segment,
            reason=reason,
            t_from_s=None if np.isnan(last_s) else last_s + 1 / self._rate_hz,
            t_to_s=t_to_s,
            missing=missing,
            received=self._received,
            discarded=self._received - self._covered,
            emitted=self._patcher.emitted,
            tail=self._patcher.tail,
        )
