"""The stages that samples with times go through, in one segment after another: repair, filter, resample, cut.

C kept channels, T samples in a chunk, N samples in a patch.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.absurd import AbsurdSamples
from eegstream.dsp.amplitude import AmplitudeWatch
from eegstream.dsp.flags import PatchFlag
from eegstream.dsp.frontend import FrontEnd, FrontEndSettings
from eegstream.dsp.impute import HoldLastFinite, bridge
from eegstream.dsp.mains import MainsWatch
from eegstream.dsp.patcher import Patcher
from eegstream.dsp.source_buffer import SourceBuffer
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


class Stages:
    """The running segment's patches and its account.

    `unit_scale` (C,) is µV in one step of the numbers that the user knows; a remark on the amplitude refers to it.
    """

    def __init__(
        self, settings: PipelineSettings, rate_hz: float, n_channels: int, unit_scale: NDArray[np.float64]
    ) -> None:
        self._settings, self._rate_hz = settings, rate_hz
        self._absurd = AbsurdSamples(rate_hz, n_channels)
        self._impute = HoldLastFinite(n_channels)
        self.mains = MainsWatch(rate_hz, n_channels, settings.frontend.notch_hz)
        """Sees what comes out of the high-pass, over all segments."""
        self._frontend = FrontEnd(settings.frontend, rate_hz, n_channels, self.mains.push)
        self._patcher = Patcher(n_channels, settings.patch, settings.hop)
        self._source = SourceBuffer(self._frontend.grid, n_channels, settings.patch, settings.hop)
        self._settling_patches = self._count_settling_patches()
        self.amplitude = AmplitudeWatch(settings.frontend.model_rate_hz or rate_hz, unit_scale)
        """Sees what comes out of the filters, over all segments."""
        self.segment = 0
        """Number of the running segment."""
        self.received = 0
        """Samples of the segment so far, with times or without."""
        self._covered = 0
        self._time_error_s = 0.0

    @property
    def delay_s(self) -> float:
        """Seconds that a patch waits after its last sample, by design of the resampler."""
        return self._frontend.delay_s

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is unusual about the signal."""
        return tuple(filter(None, (self.amplitude.remark, self.mains.remark)))

    @property
    def last_time_s(self) -> float:
        """Time of the segment's newest sample; NaN before the first."""
        return self._source.last_time_s

    def push(
        self,
        x_uv: NDArray[np.float64],
        times_s: NDArray[np.float64],
        arrived_s: NDArray[np.float64],
        error_s: float,
        *,
        kept: int,
        hole: int = 0,
    ) -> list[Event]:
        """Take samples (C, T) of the segment with times and arrivals (T,); return the patches that they complete.

        Times are accurate to `error_s`. Only the first `kept` samples are encoded. `hole` samples before them are
        filled by interpolation.
        """
        before = self._impute.last
        judged = self._absurd.push(x_uv)
        x_uv, replaced = self._impute.push(judged, is_finite=judged is x_uv)
        events: list[Event] = []
        if hole:
            events += self._fill(hole, before, x_uv[:, :1], float(times_s[0]), float(arrived_s[0]))
        self.received += len(times_s)
        self._time_error_s = error_s
        part = slice(0, kept)
        return events + self._advance(x_uv[:, part], replaced[:, part], times_s[part], arrived_s[part], filled=False)

    def finish(self) -> None:
        """Judge the signal by all that came; then only `close` may be called."""
        self.amplitude.finish()
        self.mains.finish()

    def close(self, reason: GapReason | EndReason, t_to_s: float | None, missing: int | None) -> SegmentEnd:
        """The account of the segment; the next sample begins another one."""
        last_s = self._source.last_time_s
        account = SegmentEnd(
            segment=self.segment,
            reason=reason,
            t_from_s=None if np.isnan(last_s) else last_s + 1 / self._rate_hz,
            t_to_s=t_to_s,
            missing=missing,
            received=self.received,
            discarded=self.received - self._covered,
            emitted=self._patcher.emitted,
            tail=self._patcher.tail,
        )
        self.segment += 1
        self.received = self._covered = 0
        for stage in (self._absurd, self._impute, self._frontend, self._patcher, self._source, self.mains):
            stage.reset()
        return account

    def _fill(
        self,
        count: int,
        before: NDArray[np.float64],
        after: NDArray[np.float64],
        t_after_s: float,
        arrived_s: float,
    ) -> list[Event]:
        """Fill a hole of `count` samples between two columns (C, 1)."""
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
        self.amplitude.push(clean_uv)
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
