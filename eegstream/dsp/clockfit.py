"""Follow a segment's clock by a line that is fitted again once per block.

B timestamps in a block, in seconds; positions count samples from the block's start.
"""

import math

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.firstblock import EARLY_HOLE, FASTEST, FEWEST_TIMESTAMPS, SLOWEST, FirstLine, NoClock
from eegstream.dsp.lateness import Habits, Lateness

_SIGMAS, _SIGMAS_AT_START = 8.0, 4.0
"""Threshold in standard deviations: the first plus the second over the number of blocks."""
_PEAKS, _PEAK_FADE = 3.0, 0.99
"""In an old segment, the threshold is at most this multiple of the largest deviation, which fades per block."""
_SMALLEST_HOLE = 1.4
"""The threshold is at least this many sample intervals."""
_ROUGH_S = 0.040
"""The threshold is at least this while the spread of a rough stream is still uncertain."""
_YOUNG, _OLD = 4, 16
"""Ages in blocks. The spread is averaged over the second number of blocks."""
_SHORTEST_MEMORY, _LONGEST_MEMORY = 4.0, 60.0
"""Fewest and most blocks that the line is fitted to."""
_WANTED_SD_S = 0.2e-3
"""Wanted jitter of the line; it decides how many blocks the line is fitted to."""
_SLOWEST_TIME = 0.5
"""Times advance at least at this share of the clock's speed, so they never step back."""
_BLIND_BLOCKS = 4
"""After this many consecutive blocks without usable timestamps, the clock is lost."""
_UNSURE_S = 0.020
"""If timestamps spread by more than this, the times have an error bound."""

Floats = NDArray[np.float64]


class ClockFit:
    """Predict a segment's timestamps and give its times, block by block.

    Weighted least squares in three scalar moments about the running block's start. Line and threshold are constant
    within a block, so no decision depends on the chunking.
    """

    def __init__(self, line: FirstLine, block: int, nominal_s: float, reached_s: float | None = None) -> None:
        """Continue after the block of `line`, with times from `reached_s` or, by default, from the line's end."""
        self.block, self._nominal_s = block, nominal_s
        self._ramp = np.arange(block, dtype=np.float64)
        x = line.positions
        self._moments = (float(x.size), float(x.sum()), float((x * x).sum()))
        self.start_s, self.step_s = line.start_s, line.step_s
        self._reached_s = line.start_s + line.step_s * block if reached_s is None else reached_s
        self._variance = line.sd_s**2
        self._mean_variance = self._peak_s = 0.0
        self._clean, self._calm_s = line.clean, line.calm_s
        self._blocks, self._blind = 1, 0
        self.lateness = Lateness(line.rule_s, block)
        self.threshold_s = 0.0
        """Largest usual deviation of the block's timestamps."""
        self._prepare_block(line.sd_s)

    @property
    def error_s(self) -> float:
        """Bound of the times' errors, apart from a constant bias; 0 in calm streams."""
        spread_s = max(math.sqrt(self._variance), self.lateness.floor_s)
        return spread_s if spread_s > _UNSURE_S else 0.0

    @property
    def habits(self) -> Habits:
        """What is usual in this segment."""
        spread_s = math.sqrt(self._variance)
        return self.lateness.habits(self.step_s, self.threshold_s, spread_s, young=self._blocks < _OLD)

    def predict(self, first: int, count: int) -> Floats:
        """(count,) timestamps that the line predicts, from position `first` of the block on."""
        return self.start_s + self.step_s * np.arange(first, first + count, dtype=np.float64)

    def lower(self, offset_s: float) -> None:
        """Move the line by `offset_s`; the times of the running block stay as they are."""
        self.start_s += offset_s
        self.predicted_s += offset_s

    def roughen(self) -> None:
        """Treat small deviations as usual."""
        self._clean = False
        self.threshold_s = max(self.threshold_s, _ROUGH_S)

    def learn(self, timestamps_s: Floats, late: NDArray[np.bool_] | None) -> NoClock | None:
        """Take the block's timestamps (B,), NaN where unusable, and start the next block; return why the clock is lost.

        Late timestamps do not change the line; they only show that samples come late.
        """
        self.lateness.learn(timestamps_s, self.predicted_s, late, self.step_s)
        late_count = 0 if late is None else int(np.count_nonzero(late))
        if late is not None:
            timestamps_s = np.where(late, np.nan, timestamps_s)
        x = self._ramp
        limit_s = self.threshold_s
        error_s = np.minimum(np.maximum(timestamps_s - self.predicted_s, -limit_s), limit_s)
        if not math.isfinite(np.add.reduce(error_s)):
            seen = np.isfinite(error_s)
            x, error_s = x[seen], error_s[seen]
        self._blocks += 1
        self._blind = 0 if x.size + late_count >= FEWEST_TIMESTAMPS else self._blind + 1
        x_sums = (float(x.size), float(np.add.reduce(x)), float(np.add.reduce(x * x)))
        error_sums = (float(np.add.reduce(error_s)), float(np.add.reduce(x * error_s)))
        variance = float(np.add.reduce(error_s * error_s)) / max(x.size, 1)
        if x.size > self.block / 2:
            self._learn_spread(error_s, variance, _slope(x_sums, error_sums))
        if x.size or not late_count:
            self._turn_line(x_sums, error_sums)
        if self._blind == _BLIND_BLOCKS:
            return "nostamps"
        if not FASTEST < self.step_s / self._nominal_s < SLOWEST:
            return "noclock"
        self._prepare_block(math.sqrt(max(self._variance, variance)))
        return None

    def _learn_spread(self, error_s: Floats, variance: float, slope: float) -> None:
        """Follow the variance of a timestamp and of a block's mean, the largest deviation, and whether steps are calm.

        A line with the slope seen over the block would come from means that spread by (slope B)^2 / 12. This measures
        correlated jitter and ignores a clock that drifts slowly.
        """
        self._peak_s = max(_PEAK_FADE * self._peak_s, float(np.abs(error_s).max()))
        if self._clean and self._blocks <= _OLD:
            self._clean = bool(np.abs(error_s[1:] - error_s[:-1]).max() <= self._calm_s)
        mean_variance = (slope * self.block) ** 2 / 12
        self._mean_variance += (mean_variance - self._mean_variance) / min(self._blocks - 1, _OLD)
        self._variance += (variance - self._variance) / min(self._blocks, _OLD)

    def _turn_line(self, x_sums: tuple[float, float, float], error_sums: tuple[float, float]) -> None:
        """Correct the line by a block's deviations from it; older blocks count less and less."""
        memory = 1.25 * self._mean_variance / _WANTED_SD_S**2
        memory = min(max(memory, _SHORTEST_MEMORY), _LONGEST_MEMORY)
        keep = 1.0 if self._blocks <= memory else 1.0 - 1.0 / memory
        n, sx, sxx = (keep * old + new for old, new in zip(self._moments, x_sums, strict=True))
        self._moments = (n, sx, sxx)
        slope = _slope(self._moments, error_sums)
        self.start_s += (error_sums[0] - slope * sx) / n
        self.step_s += slope

    def _prepare_block(self, sd_s: float) -> None:
        """Move the origin to the next block's start; fix its line, threshold and times.

        The times are continuous: each block ends where the new line predicts the next one's start.
        """
        block, step_s = self.block, self.step_s
        n, sx, sxx = self._moments
        self._moments = (n, sx - block * n, sxx - 2 * block * sx + block * block * n)
        self.start_s += step_s * block
        self.threshold_s = self._threshold(sd_s)
        self.predicted_s = self.start_s + step_s * self._ramp
        """(B,) timestamps that the line predicts."""
        end_s = max(self.start_s + step_s * block, self._reached_s + _SLOWEST_TIME * step_s * block)
        self.times_s = self._reached_s + (end_s - self._reached_s) / block * self._ramp
        """(B,) the block's times."""
        self.block_starts_s, self._reached_s = self._reached_s, end_s

    def _threshold(self, sd_s: float) -> float:
        young, old = self._blocks < _YOUNG, self._blocks >= _OLD
        floor_s = (EARLY_HOLE if self._clean and young else _SMALLEST_HOLE) * self.step_s
        floor_s = max(floor_s, self.lateness.floor_s)
        if not (self._clean or old):
            floor_s = max(_ROUGH_S, floor_s)
        usual_s = (_SIGMAS + _SIGMAS_AT_START / self._blocks) * sd_s
        return max(floor_s, min(usual_s, _PEAKS * self._peak_s) if old else usual_s)


def _slope(x_sums: tuple[float, float, float], y_sums: tuple[float, float]) -> float:
    """Least-squares slope from the sums of 1, x, x^2 and of y, x y."""
    n, sx, sxx = x_sums
    sy, sxy = y_sums
    return (n * sxy - sx * sy) / (n * sxx - sx * sx)
