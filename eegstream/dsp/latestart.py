"""Judge the start of a segment whose samples are late or come in bursts, as early as possible.

N timestamps from the segment's start, in seconds; B of them in a block; positions count samples from that start.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.burstclock import BurstLine
from eegstream.dsp.firstblock import FASTEST, FEWEST_TIMESTAMPS, SLOWEST, FirstLine, Hole, line_through

_FAST = 0.5
"""Steps below this share of the usual step belong to samples that have waited."""
_WAITED_S = 0.042
"""A start is late if a run of samples has waited longer than this; shorter waits are jitter."""
_STEADY_S = 0.060
"""At a steady pace, steps exceed the usual step by less than this, and timestamps spread by less than half of it."""
_ROW, _ROWS = 0.1, 0.3
"""First: samples of a burst follow each other within this share of a step. Second: share of them that makes bursts."""
_ODD = 0.1
"""A first line whose step differs by more than this share is too short to be trusted, unless it is clean."""
_PAUSE_S = 0.030
"""A step that exceeds the usual step by this ends a burst."""
_TAIL = 0.6
"""Share of a block that must be calm."""
_USUAL = 0.3
"""A calm tail may differ from the nominal rate by this share."""
_OTHER_RATE_S = 2.2
"""A tail that is faster than that is trusted only after this time: late samples may come equally fast."""
_FEWEST_BURSTS = 3
_IRREGULAR, _MORE_BURSTS = 0.3, 10
"""If the ends of all bursts but one differ by more than this share of the usual pause, more bursts are needed."""
_OWN_TIME = 0.8
"""The clock stood still if the timestamps stand still and then jump by this share of the samples' duration."""
_SURE_HOLE_S = 0.080

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Still:
    """The clock stood still, then jumped to where it would have been without that."""

    behind: int
    """Position of the first timestamp after the jump."""


@dataclass(frozen=True)
class _Start:
    """Usable timestamps with their positions, and their expected step."""

    x: Floats
    y: Floats
    step_s: float

    def ends(self) -> NDArray[np.intp]:
        """Indices of the last timestamps before a pause."""
        return np.flatnonzero(np.diff(self.y) - self.step_s * np.diff(self.x) > _PAUSE_S)


def has_waited(timestamps_s: Floats, step_s: float) -> bool:
    """Whether the timestamps (N,) contain a run of samples that came much faster than one per `step_s`."""
    seen = np.isfinite(timestamps_s)
    return _waited(_Start(np.flatnonzero(seen).astype(np.float64), timestamps_s[seen], step_s)) > _WAITED_S


def judge_late_start(timestamps_s: Floats, block: int, nominal_s: float, *, last: bool) -> FirstLine | BurstLine | None:
    """The line of the usable timestamps (N,), N >= `block`; None if more are needed.

    With `last`, no more timestamps will come.
    """
    seen = np.isfinite(timestamps_s)
    start = _Start(np.flatnonzero(seen).astype(np.float64), timestamps_s[seen], nominal_s)
    if start.x.size < FEWEST_TIMESTAMPS:
        return None
    sure = last or float(np.minimum(np.diff(start.y), 4 * nominal_s).sum()) > _OTHER_RATE_S
    line = _calm_tail(start, timestamps_s.size - _TAIL * block, nominal_s, sure=sure)
    if line is not None and (timestamps_s.size > 2 * block or abs(line.step_s / nominal_s - 1) > _ODD):
        line = sober(line, nominal_s)
    return _bursts(start, nominal_s, last=last) if line is None else line


def sober(line: FirstLine, step_s: float) -> FirstLine:
    """The line with step `step_s`, if its own step is near that but uncertain; else the line itself."""
    if line.clean or abs(line.step_s / step_s - 1) > _USUAL:
        return line
    middle = float(line.positions.mean())
    return replace(line, start_s=line.start_s + (line.step_s - step_s) * middle, step_s=step_s)


def comes_in_rows(timestamps_s: Floats, step_s: float) -> bool:
    """Whether many of the timestamps (N,) nearly equal the one before."""
    return bool(np.mean(np.abs(np.diff(timestamps_s)) < _ROW * step_s) > _ROWS)


def hole_in_hindsight(timestamps_s: Floats, line: FirstLine | BurstLine) -> Hole | Still | None:
    """A jump in the usable timestamps (N,) above which all later ones stay; None if there is none.

    If samples are very late, small rises are jitter of the lateness.
    """
    seen = np.isfinite(timestamps_s)
    start = _Start(np.flatnonzero(seen).astype(np.float64), timestamps_s[seen], line.step_s)
    least_s = _SURE_HOLE_S
    if isinstance(line, BurstLine):  # the last burst may not be over
        last = int(start.ends()[-1]) + 1 if start.ends().size else 0
        start = _Start(start.x[:last], start.y[:last], line.step_s)
        least_s = max(least_s, 1.5 * line.interval_s)
    if start.x.size < FEWEST_TIMESTAMPS:
        return None
    level_s = start.y - line.step_s * start.x
    lowest_s = np.minimum.accumulate(level_s[::-1])[::-1]
    rises_s = np.diff(lowest_s)
    at = int(rises_s.argmax())
    if rises_s[at] <= max(least_s, float((level_s - lowest_s).max()) / 2):
        return None
    stands = at >= FEWEST_TIMESTAMPS and np.ptp(start.y[: at + 1]) < line.step_s / 2
    if stands and rises_s[at] > _OWN_TIME * line.step_s * start.x[at]:
        return Still(int(start.x[at + 1]))
    return Hole(int(start.x[at + 1]), float(rises_s[at]), float(level_s[: at + 1].min()), line.step_s)


def guess_late_start(timestamps_s: Floats, nominal_s: float) -> BurstLine | None:
    """A line at the nominal rate, at the stream's end; None if the timestamps stand still or have another pace."""
    seen = np.isfinite(timestamps_s)
    x, y = np.flatnonzero(seen).astype(np.float64), timestamps_s[seen]
    if x.size < FEWEST_TIMESTAMPS or line_through(x, y, nominal_s).sd_s < _STEADY_S / 2:
        return None
    late_s = y - nominal_s * x
    return BurstLine(float(late_s.min()), nominal_s, float(np.ptp(late_s)))


def _waited(start: _Start) -> float:
    """The longest wait, in seconds, that a run of fast steps makes up for."""
    usual_s, dy = start.step_s * np.diff(start.x), np.diff(start.y)
    fast = (dy < _FAST * usual_s) & (dy > -_PAUSE_S)
    made_up_s = np.cumsum(np.where(fast, usual_s - dy, 0.0))
    before_s = np.maximum.accumulate(np.where(fast, 0.0, made_up_s))
    return float((made_up_s - before_s).max(initial=0.0))


def _calm_tail(start: _Start, begin: float, nominal_s: float, *, sure: bool) -> FirstLine | None:
    """The line of the samples from position `begin` on, if they come at a steady pace.

    A faster pace than expected counts only with `sure`: the samples cannot be late ones that catch up.
    """
    late = start.x >= begin
    x, y = start.x[late], start.y[late]
    if x.size < FEWEST_TIMESTAMPS:
        return None
    line = line_through(x, y, nominal_s)
    if not FASTEST < line.step_s / nominal_s < SLOWEST:
        return None
    if line.step_s < (1 - _USUAL) * start.step_s and not sure:
        return None
    usual_s = min(start.step_s, line.step_s)
    steady = np.diff(y).max() < _STEADY_S + 2 * line.step_s and line.sd_s < _STEADY_S / 2
    half = x.size // 2
    before_s, behind_s = (_pace(x[part], y[part]) for part in (slice(half), slice(half, None)))
    steady = steady and abs(behind_s - before_s) < _USUAL * line.step_s
    return line if steady and _waited(_Start(x, y, usual_s)) <= _WAITED_S else None


def _pace(x: Floats, y: Floats) -> float:
    return float((y[-1] - y[0]) / (x[-1] - x[0]))


def _bursts(start: _Start, nominal_s: float, *, last: bool) -> BurstLine | None:
    """The line through the last samples of the bursts, if the stream comes in bursts."""
    ends = start.ends()
    dx, dy = np.diff(start.x), np.diff(start.y)
    if ends.size < _FEWEST_BURSTS:
        return None
    interval_s = _interval(start, ends, last=last)
    if interval_s is None:
        return None
    recent = ends[-_FEWEST_BURSTS:]
    within = slice(int(recent[0]) + 1, int(recent[-1]) + 1)
    fast = np.mean(dy[within] < _FAST * start.step_s * dx[within])
    if fast < 0.5 or start.y[-1] - start.y[0] < 2 * interval_s:
        return None
    x, y = start.x[ends], start.y[ends]
    step_s = start.step_s
    measured_s = float((y[-1] - y[0]) / (x[-1] - x[0]))
    if abs(measured_s / step_s - 1) > _USUAL:
        if ends.size < _MORE_BURSTS and not last:
            return None
        step_s = measured_s
    if not FASTEST < step_s / nominal_s < SLOWEST:
        return None
    return BurstLine(float((y - step_s * x)[-_FEWEST_BURSTS:].min()), step_s, interval_s)


def _interval(start: _Start, ends: NDArray[np.intp], *, last: bool) -> float | None:
    """Seconds from burst to burst. For irregular bursts, by how much most are late; None if more are needed."""
    usual_s = float(np.median(np.diff(start.y)[ends]))
    late_s = start.y - start.step_s * start.x
    off_s = np.sort(late_s[ends])
    if off_s[-2] - off_s[0] < _IRREGULAR * usual_s:
        return usual_s
    if ends.size < _MORE_BURSTS and not last:
        return None
    return max(usual_s, float(np.quantile(late_s[ends + 1], 0.9) - off_s[0]))
