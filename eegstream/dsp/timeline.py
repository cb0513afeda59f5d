"""Turn raw stamps into loss-free segments, a smooth time for every sample, and borders.

T samples in a chunk (any number, also 0); stamps and times in seconds.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.clockfit import ClockFit
from eegstream.dsp.firstblock import FEWEST_STAMPS, FirstLine, Hole, judge_first_block, nominal_line, usable

_BLOCK_S = 0.25
_SMALLEST_BLOCK = 16
_CONFIRM_S = 0.020
"""A suspicion stands if so much of the stream behind it agrees."""

Floats = NDArray[np.float64]
BreakKind = Literal["gap", "back", "frozen", "noclock", "nostamps"]

_NOTHING: Floats = np.empty(0)


@dataclass(frozen=True)
class Timed:
    """Samples `first` .. `first + len(times_s) - 1` got their times, all in the running segment."""

    first: int
    """Running number over all samples ever pushed, from 0."""
    times_s: Floats
    """(T,) in the stamps' clock, never falling within a segment."""


@dataclass(frozen=True)
class Break:
    """A border: sample `index` does not belong to the segment before."""

    index: int
    """First sample behind the border."""
    kind: BreakKind
    """Stamps jump forward | step back | stand still | run at no plausible rate | are not finite."""
    offset_s: float
    """Jump of the stamps; NaN where unknown."""
    missing: int
    """Samples estimated lost in a gap, else 0."""
    skipped: int
    """Samples from `index` on that get no time, because a first block has no clock; else 0."""


class Timeline:
    """Follow a stream's raw stamps; say what belongs together, and when it was.

    A segment's first block of samples is judged as a whole. Afterwards a sample is decided at once, unless its
    stamp lies beyond the threshold: then the next C stamps tell an outlier from a border. However the stamps are cut
    into chunks, the same times and borders come out, to the bit, and the future changes nothing that has come out.
    """

    def __init__(self, rate_hz: float) -> None:
        self._nominal_s = 1.0 / rate_hz
        self._block = max(_SMALLEST_BLOCK, round(_BLOCK_S * rate_hz))
        self._confirm = math.ceil(_CONFIRM_S * rate_hz)
        self.reset()

    def reset(self) -> None:
        """Forget everything, the sample counter too."""
        self._decided = 0
        self._doubtful = _NOTHING
        self._ended = False
        self._begin_segment()

    def _begin_segment(self) -> None:
        self._clock: ClockFit | None = None
        """None while the first block is collected."""
        self._stamps = np.empty(self._block)
        """Stamps of the running block, of which `_filled` are there."""
        self._filled = 0

    @property
    def held(self) -> int:
        """Samples pushed but not decided yet, fewer than a block and the C samples that confirm."""
        return self._doubtful.size + (self._filled if self._clock is None else 0)

    def push(self, stamps_s: Floats) -> list[Timed | Break]:
        """Take the stamps (T,) of the next samples; return what they decide, in order."""
        found: list[Timed | Break] = []
        stamps_s = np.asarray(stamps_s, dtype=np.float64)
        for start in range(0, stamps_s.size, self._block):
            self._feed(stamps_s[start : start + self._block], found)
        return _joined(found)

    def flush(self) -> list[Timed | Break]:
        """End the stream: decide everything that is held. Only `reset` may follow."""
        found: list[Timed | Break] = []
        self._ended = True
        self._feed(_NOTHING, found)
        while self._clock is None and self._filled:
            self._feed(self._end_first_block(found), found)
        return _joined(found)

    def _feed(self, stamps_s: Floats, found: list[Timed | Break]) -> None:
        if self._doubtful.size:
            stamps_s = np.concatenate((self._doubtful, stamps_s))
            self._doubtful = _NOTHING
        while stamps_s.size:
            if self._clock is None:
                stamps_s = self._collect(stamps_s, found)
            else:
                stamps_s = self._follow(stamps_s, self._clock, found)

    def _collect(self, stamps_s: Floats, found: list[Timed | Break]) -> Floats:
        """Fill the first block; return the stamps that are still to be fed."""
        count = min(self._block - self._filled, stamps_s.size)
        self._keep(stamps_s[:count])
        if self._filled < self._block:
            return _NOTHING
        return np.concatenate((self._end_first_block(found), stamps_s[count:]))

    def _end_first_block(self, found: list[Timed | Break]) -> Floats:
        """Judge the first block, complete or at the stream's end; return the stamps behind a hole in it."""
        stamps_s = usable(self._stamps[: self._filled])
        verdict = judge_first_block(stamps_s, self._block, self._confirm, self._nominal_s)
        if self._ended and stamps_s.size < FEWEST_STAMPS and np.isfinite(stamps_s).all():
            verdict = nominal_line(stamps_s, self._nominal_s)
        ramp = np.arange(stamps_s.size, dtype=np.float64)
        if isinstance(verdict, FirstLine):
            self._hand_out(verdict.start_s + verdict.step_s * ramp, found)
            self._clock, self._filled = ClockFit(verdict, self._block, self._confirm, self._nominal_s), 0
            return _NOTHING
        if isinstance(verdict, Hole):
            self._hand_out(verdict.start_s + verdict.step_s * ramp[: verdict.behind], found)
            self._jump(verdict.offset_s, verdict.step_s, "back", found)
            return stamps_s[verdict.behind :]
        self._break(verdict, found, skipped=stamps_s.size)
        return _NOTHING

    def _follow(self, stamps_s: Floats, clock: ClockFit, found: list[Timed | Break]) -> Floats:
        """Decide stamps of the running block; return those that are still to be fed."""
        part = stamps_s[: self._block - self._filled]
        error_s = part - clock.predicted_s[self._filled : self._filled + part.size]
        limit_s = clock.threshold_s
        if error_s.max() <= limit_s and error_s.min() >= -limit_s:  # false if one is NaN
            self._accept(part, clock, found)
            return stamps_s[part.size :]
        return self._follow_closely(usable(stamps_s), clock, found)

    def _follow_closely(self, stamps_s: Floats, clock: ClockFit, found: list[Timed | Break]) -> Floats:
        """Tell outliers and stamps that are none from a border; return the stamps that are still to be fed."""
        part = stamps_s[: self._block - self._filled]
        error_s = part - clock.predicted_s[self._filled : self._filled + part.size]
        beyond = np.abs(error_s) > clock.threshold_s
        suspect = int(beyond.argmax())
        if not beyond[suspect]:
            self._accept(part, clock, found)
            return stamps_s[part.size :]
        start = self._filled + suspect
        window_s = stamps_s[suspect : suspect + self._confirm + 1]
        jump_s = window_s - clock.predicted_s[start : start + window_s.size]
        returned = jump_s * math.copysign(1.0, jump_s[0]) <= clock.threshold_s
        if returned.any():
            count = min(part.size, suspect + int(returned.argmax()))
            self._accept(part[:count], clock, found)
            return stamps_s[count:]
        self._accept(part[:suspect], clock, found)
        if window_s.size <= self._confirm and not self._ended:
            self._doubtful = stamps_s[suspect:].copy()
            return _NOTHING
        still = window_s.size > 1 and bool((window_s == window_s[0]).all())
        self._jump(float(np.nanmean(jump_s)), clock.step_s, "frozen" if still else "back", found)
        return stamps_s[suspect:]

    def _keep(self, stamps_s: Floats) -> None:
        self._stamps[self._filled : self._filled + stamps_s.size] = stamps_s
        self._filled += stamps_s.size

    def _accept(self, stamps_s: Floats, clock: ClockFit, found: list[Timed | Break]) -> None:
        """Give times to samples of the running block, and learn from it when it is complete."""
        start = self._filled
        self._keep(stamps_s)
        self._hand_out(clock.times_s[start : self._filled], found)
        if self._filled == self._block:
            self._filled = 0
            lost = clock.learn(self._stamps)
            if lost:
                self._break(lost, found)

    def _hand_out(self, times_s: Floats, found: list[Timed | Break]) -> None:
        if times_s.size:
            found.append(Timed(self._decided, times_s))
            self._decided += times_s.size

    def _jump(self, offset_s: float, step_s: float, kind: BreakKind, found: list[Timed | Break]) -> None:
        """Note a border where the stamps jump: a gap if forward, of that kind otherwise."""
        if offset_s > 0:
            self._break("gap", found, offset_s=offset_s, missing=round(offset_s / step_s))
        else:
            self._break(kind, found, offset_s=offset_s)

    def _break(
        self,
        kind: BreakKind,
        found: list[Timed | Break],
        *,
        offset_s: float = math.nan,
        missing: int = 0,
        skipped: int = 0,
    ) -> None:
        found.append(Break(self._decided, kind, offset_s, missing, skipped))
        self._decided += skipped
        self._begin_segment()


def _joined(found: list[Timed | Break]) -> list[Timed | Break]:
    """The same with neighbouring times in one piece."""
    joined: list[Timed | Break] = []
    run: list[Timed] = []
    for item in found:
        if isinstance(item, Timed):
            run.append(item)
        else:
            joined += [*_one(run), item]
            run = []
    return joined + _one(run)


def _one(run: list[Timed]) -> list[Timed]:
    """Neighbouring times as one, if there are any."""
    return [Timed(run[0].first, np.concatenate([part.times_s for part in run]))] if len(run) > 1 else run
