"""Follow the clock of a stream that comes in bursts by the lower envelope of its stamps.

The last rows of a burst are the freshest: they bear their own time, all before them are late. So the line goes through
the least late stamps, one observation a block, and a block holds more than one burst. B stamps in a block, in seconds.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.firstblock import FASTEST, FEWEST_STAMPS, SLOWEST, FirstLine, NoClock
from eegstream.dsp.lateness import Habits

_BURSTS = 1.25
"""Burst intervals in a block, so that each block sees the end of one."""
_BLOCK_S = 0.25
"""Shortest block."""
_WIDE = 1.2
"""Share of the burst interval by which the freshest stamp may be off."""
_SIGMAS = 8.0
_STEADY, _MEMORY = 4, 32
"""Observations that the nominal rate counts for at first, and that the line rests on later."""
_CALM_S = 0.030
"""Shorter burst intervals are jitter."""
_INTERVAL_MEMORY = 16
"""Blocks that the burst interval rests on."""
_OFF_MEMORY = 8
"""Observations that the told error rests on, beside the spread."""
_SLOPE = 0.1
"""Deviations beyond this share of the burst interval tell no more of the rate than this."""
_PATIENCE, _REACH = 1.6, 1.3
"""Burst intervals that an offset has to stay for, and that one step counts for at most."""
_PATIENCE_S, _CAREFUL_S = 0.1, 0.4
"""An offset has to stay for at least so long, and so long early on and where samples have come later than usual."""
_CAREFUL_START_S, _CAREFUL_BEHIND_S = 4.0, 15.0
"""That goes on for so many seconds."""
_SLOWEST_TIME = 0.5
"""Times run on at least at this share of the clock's speed."""
_BLIND_S = 1.0
"""So many seconds without usable stamps, and the clock is lost."""
_ERROR, _YOUNG_ERROR, _YOUNG_S = 0.1, 0.5, 10.0
"""Bound of the times' errors in burst intervals, of an old clock and of one younger than that."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class BurstLine:
    """The freshest stamp at position x ~ start_s + step_s x."""

    start_s: float
    step_s: float
    interval_s: float
    """From burst to burst."""


class BurstClock:
    """Predict the freshest stamps of a bursty segment, and tell its times, block by block.

    Times have a constant bias: they are those of the freshest rows, late by what these are late (a timer's overshoot).
    """

    def __init__(self, line: BurstLine, reached_s: float, nominal_s: float) -> None:
        """`line` counts from the block's start; times have got to `reached_s` there."""
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
        """Bound of the times' errors beyond the constant bias."""
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
        """Whether the bursts are so small that they are jitter."""
        return self._interval_s < _CALM_S

    def calm_line(self, block: int) -> FirstLine:
        """The line, as if learnt from `block` samples before those to come."""
        positions = np.arange(block, dtype=np.float64)
        start_s = self.start_s - block * self.step_s
        return FirstLine(start_s, self.step_s, self._interval_s / 4, positions, clean=False, calm_s=0.0)

    def predict(self, first: int, count: int) -> Floats:
        """(count,) stamps as the line has them, from position `first` of the block on."""
        return self.start_s + self.step_s * np.arange(first, first + count, dtype=np.float64)

    def lower(self, offset_s: float) -> None:
        """Move the line by `offset_s`; the times of the running block stay as they are."""
        self.start_s += offset_s
        self.predicted_s += offset_s

    def learn(self, stamps_s: Floats, late: NDArray[np.bool_] | None) -> NoClock | None:
        """Take the block's stamps (B,), NaN where unusable, and go on to the next; say if the clock is lost."""
        late_count = 0 if late is None else int(np.count_nonzero(late))
        error_s = stamps_s - self.predicted_s
        self._careful_s -= self.step_s * self.block
        if late is not None:
            error_s = error_s[~late]
            self._careful_s = _CAREFUL_BEHIND_S
        seen = int(np.isfinite(error_s).sum())
        block_s = self.step_s * self.block
        self._age_s += block_s
        self._blind_s = 0.0 if seen + late_count >= FEWEST_STAMPS else self._blind_s + block_s
        self._learn_interval(stamps_s)
        if seen:
            self._turn_line(float(np.nanmin(error_s)))
        self.start_s += block_s
        if self._blind_s >= _BLIND_S:
            return "nostamps"
        if not FASTEST < self.step_s / self._nominal_s < SLOWEST:
            return "noclock"
        self._prepare_block()
        return None

    def _learn_interval(self, stamps_s: Floats) -> None:
        """Follow how late the first rows are; a stall counts for little."""
        peak_s = float(np.nanmax(np.append(stamps_s - self.predicted_s, 0.0)))
        self._interval_s += (min(peak_s, 2 * self._interval_s) - self._interval_s) / _INTERVAL_MEMORY

    def _turn_line(self, error_s: float) -> None:
        """Correct the line by how far the block's freshest stamp is off; a least-squares line that forgets."""
        k = self._seen = min(self._seen + 1, _MEMORY)
        limit_s = max(_SLOPE * self._interval_s, 3 * math.sqrt(self._variance))
        believed_s = min(max(error_s, -limit_s), limit_s)
        self._off_s += (abs(error_s) - self._off_s) / _OFF_MEMORY
        self._variance += (believed_s * believed_s - self._variance) / k
        self.step_s += believed_s * 6 / ((k + 1) * (k + 2)) / self.block
        self.start_s += error_s if error_s < -limit_s else believed_s * (4 * k + 2) / ((k + 1) * (k + 2))

    def _prepare_block(self) -> None:
        self.threshold_s = max(_WIDE * self._interval_s, 1.4 * self.step_s, _SIGMAS * math.sqrt(self._variance))
        """Deviations of a burst's freshest stamps up to this are usual."""
        self.predicted_s = self.start_s + self.step_s * self.ramp
        """(B,) stamps as the line has them."""
        block_s = self.step_s * self.block
        end_s = max(self.start_s + block_s, self._reached_s + _SLOWEST_TIME * block_s)
        self.times_s = self._reached_s + (end_s - self._reached_s) / self.block * self.ramp
        """(B,) the block's times."""
        self.block_starts_s, self._reached_s = self._reached_s, end_s
