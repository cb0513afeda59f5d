"""Follow a segment's clock by a line that is renewed once per block.

B stamps in a block, in seconds; positions count samples from the block's start.
"""

import math

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.firstblock import EARLY_HOLE, FASTEST, FEWEST_STAMPS, SLOWEST, FirstLine, NoClock
from eegstream.dsp.lateness import Habits, Lateness

_SIGMAS, _SIGMAS_AT_START = 8.0, 4.0
"""Threshold in standard deviations: the first plus the second over the number of blocks."""
_PEAKS, _PEAK_FADE = 3.0, 0.99
"""Of an old segment, the threshold is at most so many times the largest deviation, which fades per block."""
_SMALLEST_HOLE = 1.4
"""The threshold is never below so many sample intervals."""
_ROUGH_S = 0.040
"""The threshold is never below this while a rough stream's spread is still unsure."""
_YOUNG, _OLD = 4, 16
"""Blocks. The spread is remembered over the second number of them."""
_SHORTEST_MEMORY, _LONGEST_MEMORY = 4.0, 60.0
"""Blocks that the line rests on."""
_WANTED_SD_S = 0.2e-3
"""What the line's jitter shall be; it decides how many blocks the line rests on."""
_SLOWEST_TIME = 0.5
"""Times run on at least at this share of the clock's speed: they never step back."""
_BLIND_BLOCKS = 4
"""So many blocks in a row without usable stamps, and the clock is lost."""
_UNSURE_S = 0.020
"""Stamps that spread by more leave the times in doubt."""

Floats = NDArray[np.float64]


class ClockFit:
    """Predict a segment's stamps and tell its times, block by block.

    Weighted least squares in three scalar moments about the running block's start. Line and threshold stand still
    within a block, so that no decision depends on how the stamps came in chunks.
    """

    def __init__(self, line: FirstLine, block: int, nominal_s: float, reached_s: float | None = None) -> None:
        """Go on behind the block of `line`, and with the times from `reached_s`, or from where the line ends."""
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
        """Deviations of the block's stamps up to this are the stream's usual ones."""
        self._prepare_block(line.sd_s)

    @property
    def error_s(self) -> float:
        """Bound of the times' errors beyond a constant bias; 0 in calm streams."""
        spread_s = max(math.sqrt(self._variance), self.lateness.floor_s)
        return spread_s if spread_s > _UNSURE_S else 0.0

    @property
    def habits(self) -> Habits:
        """What is usual in this segment."""
        spread_s = math.sqrt(self._variance)
        return self.lateness.habits(self.step_s, self.threshold_s, spread_s, young=self._blocks < _OLD)

    def predict(self, first: int, count: int) -> Floats:
        """(count,) stamps as the line has them, from position `first` of the block on."""
        return self.start_s + self.step_s * np.arange(first, first + count, dtype=np.float64)

    def lower(self, offset_s: float) -> None:
        """Move the line by `offset_s`; the times of the running block stay as they are."""
        self.start_s += offset_s
        self.predicted_s += offset_s

    def roughen(self) -> None:
        """Take small deviations for the stream's own."""
        self._clean = False
        self.threshold_s = max(self.threshold_s, _ROUGH_S)

    def learn(self, stamps_s: Floats, late: NDArray[np.bool_] | None) -> NoClock | None:
        """Take the block's stamps (B,), NaN where unusable, and go on to the next; say if the clock is lost.

        Those that are late teach nothing, but that samples come late.
        """
        self.lateness.learn(stamps_s, self.predicted_s, late, self.step_s)
        late_count = 0 if late is None else int(np.count_nonzero(late))
        if late is not None:
            stamps_s = np.where(late, np.nan, stamps_s)
        x = self._ramp
        limit_s = self.threshold_s
        error_s = np.minimum(np.maximum(stamps_s - self.predicted_s, -limit_s), limit_s)
        if not math.isfinite(np.add.reduce(error_s)):
            seen = np.isfinite(error_s)
            x, error_s = x[seen], error_s[seen]
        self._blocks += 1
        self._blind = 0 if x.size + late_count >= FEWEST_STAMPS else self._blind + 1
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
        """Follow the variance of a stamp and of a block's mean, the largest deviation, and whether steps are calm.

        A line of the slope seen over the block would come from means that spread by (slope B)^2 / 12: this sees
        jitter that is correlated, and is blind to a clock that drifts slowly.
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
        """(B,) stamps as the line has them."""
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
