"""One stream's whole signal path without I/O: samples and timestamps in; patches, gaps and the ledger out.

C kept channels, A channels of the source, T samples in a chunk.
"""

import numpy as np
from numpy.typing import NDArray

from eegstream.borders import ArrivalWitness, Border
from eegstream.dsp.channels import ChannelSelection
from eegstream.dsp.pace import RateWatch
from eegstream.dsp.timeless import Timeless
from eegstream.dsp.timeline import Break, Timed, Timeline
from eegstream.dsp.untimed import Arrivals, Untimed
from eegstream.events import Event
from eegstream.stages import PipelineSettings, Stages
from eegstream.wire.reasons import EndReason, GapReason

__all__ = ["PipelineSettings", "StreamPipeline"]


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
        scale = selection.unit_scale
        self._fill_s, self._rate_hz = settings.fill_s, rate_hz
        self._kept, self._scale = np.array(selection.kept), scale[:, None]
        self._timeline = Timeline(rate_hz)
        self._untimed = Untimed()
        self._stages = Stages(settings, rate_hz, len(selection.kept), scale if stated_scale is None else stated_scale)
        self._watch = RateWatch(rate_hz) if watch_rate else None
        self.changed_rate_hz: float | None = None
        """The stream's new rate, if it changed. From then on samples are only counted; call `finish`."""
        self._border: Border | None = None
        self._witness = ArrivalWitness() if live_arrivals else None
        self._is_counted = False
        self._modulus: int | None = None
        """Whether a counter shows that no sample is missing, and how many counts it has in a round."""
        self._timeless = Timeless(rate_hz)

    @property
    def segment(self) -> int:
        """Number of the running segment."""
        return self._stages.segment

    @property
    def rate_hz(self) -> float:
        """The rate that samples are taken at."""
        return self._rate_hz

    @property
    def delay_s(self) -> float:
        """Seconds that a patch waits after its last sample, by design of the resampler."""
        return self._stages.delay_s

    @property
    def remark(self) -> str | None:
        """All of `remarks` as one text; None if all is well."""
        return "; ".join(self.remarks) or None

    @property
    def remarks(self) -> tuple[str, ...]:
        """Why nothing is encoded, or what is unusual about the signal after the first seconds."""
        return self._stages.remarks if self._timeless.remark is None else (self._timeless.remark,)

    @property
    def mains_share(self) -> dict[str, float | None] | None:
        """The share of energy that is mains, by line, over the last seconds; None before it is known."""
        return self._stages.mains.shares

    def push(self, raw: NDArray[np.generic], timestamps_s: NDArray[np.float64], arrived_s: Arrivals) -> list[Event]:
        """Take a chunk (A, T) in the source's units with its timestamps (T,); return what it completes, in order."""
        with np.errstate(over="ignore", invalid="ignore"):
            x_uv = raw[self._kept].astype(np.float64) * self._scale
        self._untimed.put(x_uv, arrived_s)
        return self._follow(self._timeline.push(timestamps_s))

    def overflow(self, dropped: int) -> list[Event]:
        """End the segment because `dropped` samples were received but could not be queued."""
        events = self._cut("overflow", 0)
        self._stages.received += dropped
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
        self._stages.received += count

    def _may_be_filled(self, missing: int | None) -> bool:
        return self._stages.received > 0 and 0 < (missing or 0) <= self._fill_s * self._rate_hz

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
        self._stages.finish()
        self._timeless.finish()
        events.append(self._stages.close(reason, t_to_s=None, missing=None))
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
        border, self._border = self._border, None
        if border is not None:
            self._settle(border, float(times_s[0]), float(arrived_s[0]))
            events += self._cross(border, float(times_s[0]))
        count = len(times_s)
        if self._watch is not None:
            count, self.changed_rate_hz = self._watch.push(times_s, item.error_s)
        if self._witness is not None:
            self._witness.note(float(times_s[-1]), float(arrived_s[-1]))
        hole = border.missing if border is not None and border.bridgeable else None
        return events + self._stages.push(x, times_s, arrived_s, item.error_s, kept=count, hole=hole or 0)

    def _count(self, samples: int) -> None:
        """Account for samples that are no longer encoded."""
        if samples:
            self._untimed.take(samples)
            self._stages.received += samples

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
        last_s = self._stages.last_time_s
        if not np.isnan(last_s):
            border.take_rounds((time_s - last_s) * self._rate_hz - 1)
        is_estimate = border.reason == "missing" and not border.is_counted
        if is_estimate and self._witness is not None and self._witness.shows_clock_step(time_s, arrived_s):
            border.take_for_clock_step()

    def _cross(self, border: Border, t_to_s: float) -> list[Event]:
        """Close the segment before a border, unless the hole will be filled; the next sample's time is `t_to_s`."""
        if self._watch is not None:
            self._watch.begin_segment(is_known=border.bridgeable)
        if border.bridgeable:
            return []
        if self._witness is not None:
            self._witness.begin_segment()
        return [self._stages.close(border.reason, t_to_s=t_to_s, missing=border.missing)]
