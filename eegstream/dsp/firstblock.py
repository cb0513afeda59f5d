"""Judge the first block of a segment's timestamps: it has a hole, no clock, or a first line.

N timestamps in a block, in seconds; positions count samples from the block's start.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

SLOWEST, FASTEST = 2.51, 0.398
"""Limits of a clock's seconds per sample, in nominal intervals."""
FEWEST_TIMESTAMPS = 8
"""A block with fewer usable timestamps cannot be judged."""
EARLY_HOLE = 3.5
"""Smallest hole, in samples, that is found in a young segment with calm steps."""

_LARGEST_TIMESTAMP_S = 1e13
"""Larger values are not seconds of any clock. The limit also keeps counts of lost samples within 64 bits."""
_REGULAR = 0.3
"""The median step of a regular stream differs from the nominal one by less than this share."""
_SETTLING = 0.4
"""Share of the block that a start-up transient may take."""
_CALM = 0.75
"""Largest calm step, in nominal intervals."""
_MOST_HOLES = 3
"""More jumps than this are jitter."""
_SURE_HOLE_S = 0.080
"""A jump this large is a hole even in rough timestamps, if it stands out among the others."""
_STANDS_OUT = 2.5
RULE = 1e-3
"""Steps that differ by less than this share are equal."""
_RULED = 0.7
"""Smallest share of equal steps in a stream with a rule."""

Floats = NDArray[np.float64]
NoClock = Literal["noclock", "nostamps"]


@dataclass(frozen=True)
class FirstLine:
    """Timestamp of position x ~ start_s + step_s x."""

    start_s: float
    step_s: float
    sd_s: float
    """Standard deviation of the timestamps around the line."""
    positions: Floats
    """Positions of the timestamps that the line is fitted to."""
    clean: bool
    """Whether no step among these timestamps deviates by more than `calm_s`."""
    calm_s: float
    """Largest usual deviation from the step."""
    rule_s: float | None = None
    """The exact step of most timestamps, if the sender counts them instead of reading a clock; else None."""

    def counted_from(self, position: int) -> "FirstLine":
        """The same line with positions that count from `position`."""
        start_s = self.start_s + self.step_s * position
        return replace(self, start_s=start_s, positions=self.positions - position)


@dataclass(frozen=True)
class Hole:
    """A jump of the timestamps inside the block."""

    behind: int
    """Position of the first timestamp after the jump."""
    offset_s: float
    """Size of the jump; negative for a step back."""
    start_s: float
    """Time of position 0 by the timestamps before the jump."""
    step_s: float


@dataclass(frozen=True)
class _Steps:
    """Steps between neighbouring usable timestamps, and which of them are jumps."""

    x: Floats
    """(K,) positions of the usable timestamps."""
    y: Floats
    """(K,) the timestamps."""
    step_s: float
    """Usual seconds per sample: the median, or the nominal interval if the timestamps are not regular."""
    regular: bool
    size_s: Floats
    """(K - 1,) how far each step deviates from the usual one."""
    jump: NDArray[np.bool_]
    """(K - 1,) which steps are not calm."""
    calm_s: float


def usable(timestamps_s: Floats) -> Floats:
    """The timestamps, with NaN for values that cannot be seconds of a clock."""
    return np.where(np.abs(timestamps_s) <= _LARGEST_TIMESTAMP_S, timestamps_s, np.nan)


def judge_first_block(timestamps_s: Floats, block: int, confirm: int, nominal_s: float) -> FirstLine | Hole | NoClock:
    """Judge the usable timestamps (N,), N <= `block`; `confirm` + 1 of them on each side measure a hole."""
    x = np.flatnonzero(np.isfinite(timestamps_s)).astype(np.float64)
    if x.size < FEWEST_TIMESTAMPS:
        return "nostamps"
    settled = _SETTLING * block
    steps = _steps(x, timestamps_s[np.isfinite(timestamps_s)], nominal_s)
    before = _last_before_hole(steps, settled, nominal_s)
    if before is not None:
        return _hole(steps, before, confirm + 1)
    line = _first_line(steps, settled, nominal_s)
    return line if FASTEST < line.step_s / nominal_s < SLOWEST else "noclock"


def nominal_line(timestamps_s: Floats, nominal_s: float) -> FirstLine:
    """The line at the nominal rate through timestamps (N,) that are too few to fit a slope."""
    x = np.arange(timestamps_s.size, dtype=np.float64)
    return FirstLine(float(np.median(timestamps_s - nominal_s * x)), nominal_s, 0.0, x, clean=True, calm_s=0.0)


def line_through(x: Floats, y: Floats, nominal_s: float) -> FirstLine:
    """Least-squares line through timestamps `y` at positions `x`, both (N,)."""
    steps = _steps(x, y, nominal_s)
    return _least_squares(steps, x >= 0)


def _steps(x: Floats, y: Floats, nominal_s: float) -> _Steps:
    dx, dy = np.diff(x), np.diff(y)
    step_s = float(np.median(dy / dx))
    regular = abs(step_s / nominal_s - 1) < _REGULAR
    step_s = step_s if regular else nominal_s
    size_s = dy - dx * step_s
    usual_s = float(np.sort(np.abs(size_s))[int(0.8 * size_s.size)])
    calm_s = min(_CALM * nominal_s, 0.1 * nominal_s + 4.5 * usual_s)
    return _Steps(x, y, step_s, regular, size_s, np.abs(size_s) > calm_s, calm_s)


def _last_before_hole(steps: _Steps, settled: float, nominal_s: float) -> int | None:
    """Index of the last usable timestamp before the first hole; None if there is no hole.

    A step back before position `settled` may belong to a start-up transient and does not count as a hole.
    """
    size_s = np.abs(steps.size_s)
    sure = (steps.size_s > 0) | (steps.x[:-1] >= settled)
    jumps = np.flatnonzero(steps.jump)
    few = steps.regular and 0 < jumps.size <= _MOST_HOLES
    if few and sure[jumps].all() and size_s[jumps].min() > (EARLY_HOLE + 1) * nominal_s:
        return int(jumps[0])
    largest = int(size_s.argmax())
    second_s = float(np.partition(size_s, -2)[-2])
    limit_s = max(_SURE_HOLE_S, 1.4 * nominal_s, _STANDS_OUT * second_s)
    return largest if sure[largest] and size_s[largest] > limit_s else None


def _hole(steps: _Steps, before: int, count: int) -> Hole:
    """Measure the hole after timestamp number `before` by the means of up to `count` timestamps on each side."""
    level_s = steps.y - steps.step_s * steps.x
    left = level_s[max(0, before + 1 - count) : before + 1]
    right = level_s[before + 1 : before + 1 + count]
    return Hole(
        behind=int(steps.x[before + 1]),
        offset_s=float(right.mean() - left.mean()),
        start_s=float(np.median(level_s[: before + 1])),
        step_s=steps.step_s,
    )


def _first_line(steps: _Steps, settled: float, nominal_s: float) -> FirstLine:
    """Least squares over the block, or over its settled part if the start lies off the settled part's line."""
    whole = _least_squares(steps, steps.x >= 0)
    late = steps.x >= settled
    if not FEWEST_TIMESTAMPS <= late.sum() < late.size:
        return whole
    part = _least_squares(steps, late)
    off_s = (steps.y - part.start_s - part.step_s * steps.x)[~late]
    better = part.clean or abs(part.step_s - nominal_s) < abs(whole.step_s - nominal_s)
    transient = math.sqrt(float((off_s * off_s).mean())) > 3 * part.sd_s + 0.5 * nominal_s
    return part if better and transient else whole


def _least_squares(steps: _Steps, part: NDArray[np.bool_]) -> FirstLine:
    """The least-squares line through the last timestamps; the mask `part` (K,) selects them."""
    x, y = steps.x[part], steps.y[part]
    u, v = x - x.mean(), y - y.mean()
    step_s = float((u * v).sum() / (u * u).sum())
    sd_s = math.sqrt(float(((v - step_s * u) ** 2).sum()) / max(x.size - 2, 1))
    return FirstLine(
        start_s=float(y.mean() - step_s * x.mean()),
        step_s=step_s,
        sd_s=sd_s,
        positions=x,
        clean=not steps.jump[part[:-1]].any(),
        calm_s=steps.calm_s,
        rule_s=rule_of(np.diff(x), np.diff(y), steps.step_s),
    )


def rule_of(dx: Floats, dy: Floats, usual_s: float) -> float | None:
    """The step that most timestamps keep exactly; None if there is none, or if it is the step within bursts."""
    step_s = float(np.median(dy / dx))
    kept = np.abs(dy - step_s * dx) <= RULE * step_s
    return step_s if kept.mean() >= _RULED and step_s > FASTEST * usual_s else None
