"""Follow the clock of a stream that comes in bursts by the lower envelope of its timestamps.

The last samples of a burst have the right timestamp; all samples before them are late. So the line goes through the
least late timestamps, one observation per block. A block holds more than one burst. B timestamps in a block, in
seconds.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.firstblock import FASTEST, FEWEST_TIMESTAMPS, SLOWEST, FirstLine, NoClock
from eegstream.dsp.lateness import Habits

_BURSTS = 1.25
"""Burst intervals in a block, so that each block sees the end of one."""
_BLOCK_S = 0.25
"""Shortest block."""
_WIDE = 1.2
"""Share of the burst interval by which the least late timestamp may be off."""
_SIGMAS = 8.0
_STEADY, _MEMORY = 4, 32
"""Weight of the nominal rate at the start, and later memory of the line, in observations."""
_CALM_S = 0.030
"""Shorter burst intervals are jitter."""
_INTERVAL_MEMORY = 16
"""Blocks over which the burst interval is averaged."""
_OFF_MEMORY = 8
"""Observations over which the reported error is averaged, in addition to the spread."""
_SLOPE = 0.1
"""For the rate, deviations are clipped to this share of the burst interval."""
_PATIENCE, _REACH = 1.6, 1.3
"""Burst intervals for which an offset must stay, and for which one step counts at most."""
_PATIENCE_S, _CAREFUL_S = 0.1, 0.4
"""Shortest time for which an offset must stay: usually, and at the start or after samples that were very late."""
_CAREFUL_START_S, _CAREFUL_BEHIND_S = 4.0, 15.0
"""Seconds for which the longer time applies: after the start, and after very late samples."""
_SLOWEST_TIME = 0.5
"""Times advance at least at this share of the clock's speed."""
_BLIND_S = 1.0
"""After this many seconds without usable timestamps, the clock is lost."""
_ERROR, _YOUNG_ERROR, _YOUNG_S = 0.1, 0.5, 10.0
"""Bound of the times' errors in burst intervals: of an old clock, of a young one; a clock is young for so long."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class BurstLine:
    """Least late timestamp at position x ~ start_s + step_s x."""

    start_s: float
    step_s: float
    interval_s: float
    """Seconds from burst to burst."""


class BurstClock:
    """Predict the least late timestamps of a bursty segment and give its times, block by block.

    Times have a constant bias: even the least late samples are late by some amount (a timer's overshoot).
    """

    def __init__(self, line: BurstLine, reached_s: float, nominal_s: float) -> None:
        """`line` counts from the block's start, where the times have reached `reached_s`."""
        self._nominal_s, self._interval_s = nominal_s, line.interval_s
        self.block = math.ceil(max(_BLOCK_S, _BURSTS * line.interval_s) / line.step_s)
        self.ramp = np.arange(self.block, dtype=np.float64)
        self.start_s, self.step_s = line.start_s, line.step_s
        self._reached_s = reached_s
        self._variance = self._off_s = 0.0
        self._seen = _STEADY
        self._age_s = self._blind_s = 0.0
        self._careful_s = _CAREFUL_START_S
        self._prepare_block()

    @property
    def error_s(self) -> float:
        """Bound of the times' errors, apart from the constant bias."""
        share = _YOUNG_ERROR if self._age_s < _YOUNG_S else _ERROR
        return max(share * self._interval_s, 2 * math.sqrt(self._variance), 2 * self._off_s)

    @property
    def habits(self) -> Habits:
        """What is usual in this segment."""
        return Habits(
            step_s=self.step_s,
            limit_s=self.threshold_s,
            spread_s=math.sqrt(self._variance),
            reach_s=max(_REACH * self._interval_s, 2 * self.step_s),
            patience_s=max(_PATIENCE * self._interval_s, _CAREFUL_S if self._careful_s > 0 else _PATIENCE_S),
            interval_s=self._interval_s,
            young=self._age_s < _YOUNG_S,
        )

    @property
    def calm(self) -> bool:
        """Whether the bursts are small enough to count as jitter."""
        return self._interval_s < _CALM_S

    def calm_line(self, block: int) -> FirstLine:
        """The line as if fitted to the `block` samples before the next one."""
        positions = np.arange(block, dtype=np.float64)
        start_s = self.start_s - block * self.step_s
        return FirstLine(start_s, self.step_s, self._interval_s / 4, positions, clean=False, calm_s=0.0)

    def predict(self, first: int, count: int) -> Floats:
        """(count,) timestamps that the line predicts, from position `first` of the block on."""
        return self.start_s + self.step_s * np.arange(first, first + count, dtype=np.float64)

    def lower(self, offset_s: float) -> None:
        """Move the line by `offset_s`; the times of the running block stay as they are."""
        self.start_s += offset_s
        self.predicted_s += offset_s

    def learn(self, timestamps_s: Floats, late: NDArray[np.bool_] | None) -> NoClock | None:
        """Take the block's timestamps (B,), NaN where unusable, start the next block; return why the clock is lost."""
        late_count = 0 if late is None else int(np.count_nonzero(late))
        error_s = timestamps_s - self.predicted_s
        self._careful_s -= self.step_s * self.block
        if late is not None:
            error_s = error_s[~late]
            self._careful_s = _CAREFUL_BEHIND_S
        seen = int(np.isfinite(error_s).sum())
        block_s = self.step_s * self.block
        self._age_s += block_s
        self._blind_s = 0.0 if seen + late_count >= FEWEST_TIMESTAMPS else self._blind_s + block_s
        self._learn_interval(timestamps_s)
        if seen:
            self._turn_line(float(np.nanmin(error_s)))
        self.start_s += block_s
        if self._blind_s >= _BLIND_S:
            return "nostamps"
        if not FASTEST < self.step_s / self._nominal_s < SLOWEST:
            return "noclock"
        self._prepare_block()
        return None

    def _learn_interval(self, timestamps_s: Floats) -> None:
        """Follow how late the first samples of bursts are; a stall changes this only a little."""
        peak_s = float(np.nanmax(np.append(timestamps_s - self.predicted_s, 0.0)))
        self._interval_s += (min(peak_s, 2 * self._interval_s) - self._interval_s) / _INTERVAL_MEMORY

    def _turn_line(self, error_s: float) -> None:
        """Correct the line by the deviation of the block's least late timestamp: least squares with finite memory."""
        k = self._seen = min(self._seen + 1, _MEMORY)
        limit_s = max(_SLOPE * self._interval_s, 3 * math.sqrt(self._variance))
        believed_s = min(max(error_s, -limit_s), limit_s)
        self._off_s += (abs(error_s) - self._off_s) / _OFF_MEMORY
        self._variance += (believed_s * believed_s - self._variance) / k
        self.step_s += believed_s * 6 / ((k + 1) * (k + 2)) / self.block
        self.start_s += error_s if error_s < -limit_s else believed_s * (4 * k + 2) / ((k + 1) * (k + 2))

    def _prepare_block(self) -> None:
        self.threshold_s = max(_WIDE * self._interval_s, 1.4 * self.step_s, _SIGMAS * math.sqrt(self._variance))
        """Largest usual deviation of a burst's least late timestamps."""
        self.predicted_s = self.start_s + self.step_s * self.ramp
        """(B,) timestamps that the line predicts."""
        block_s = self.step_s * self.block
        end_s = max(self.start_s + block_s, self._reached_s + _SLOWEST_TIME * block_s)
        self.times_s = self._reached_s + (end_s - self._reached_s) / self.block * self.ramp
        """(B,) the block's times."""
        self.block_starts_s, self._reached_s = self._reached_s, end_s
