"""Judge the start of a segment: after one block if its timestamps are calm, later if more are needed.

N usable timestamps from the segment's start, in seconds; B of them in a block; C timestamps measure a jump.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.burstclock import BurstLine
from eegstream.dsp.doubt import jump_stays
from eegstream.dsp.firstblock import (
    FEWEST_TIMESTAMPS,
    FirstLine,
    Hole,
    NoClock,
    judge_first_block,
    line_through,
    nominal_line,
)
from eegstream.dsp.lateness import Habits
from eegstream.dsp.latestart import (
    Still,
    comes_in_rows,
    guess_late_start,
    has_waited,
    hole_in_hindsight,
    judge_late_start,
    sober,
)
from eegstream.dsp.packets import is_late_line, is_packet_border

_PATIENCE_S, _REACH_S = 0.1, 0.02
"""A jump must stay for the first; one step counts for at most the second."""
_RETURNED = 0.5
"""If timestamps come back by this share of a jump, it was not a jump."""
_ODD, _ODD_PACKETS = 0.1, 0.04
"""A first line through small bursts or packets is too short to be trusted if its step is off by more than this."""
_RULE_NEAR = 0.05
"""The equal step within packets lies within this share of the nominal step."""
_MUCH_FASTER = 0.7
"""A first line whose step is below this share of the nominal step may go through late samples."""

Floats = NDArray[np.float64]
StartVerdict = FirstLine | BurstLine | Hole | Still | NoClock


@dataclass(frozen=True)
class StartRules:
    """The numbers by which a start is judged."""

    block: int
    confirm: int
    nominal_s: float
    """Seconds per sample."""


def judge_start(timestamps_s: Floats, rules: StartRules) -> StartVerdict | None:
    """Judge the timestamps (N,), N >= `block`; None if more of them are needed."""
    first_s = timestamps_s[: rules.block]
    if not has_waited(first_s, rules.nominal_s):
        verdict = judge_first_block(first_s, rules.block, rules.confirm, rules.nominal_s)
        if verdict == "nostamps":
            return verdict
        if isinstance(verdict, FirstLine) and verdict.step_s > _MUCH_FASTER * rules.nominal_s:
            return _sober(verdict, first_s, rules.nominal_s)
        if isinstance(verdict, Hole):
            stays = _stays(timestamps_s, verdict, rules)
            if stays is None:
                return None
            if stays:
                return verdict
    return _late(timestamps_s, rules, last=False)


def _sober(line: FirstLine, timestamps_s: Floats, step_s: float) -> FirstLine:
    """The line, with the nominal step if it goes through small bursts or packets and is too short to be trusted."""
    counted = line.rule_s is not None and abs(line.rule_s / step_s - 1) < _RULE_NEAR
    off = abs(line.step_s / step_s - 1)
    odd = off > _ODD_PACKETS if counted else off > _ODD and comes_in_rows(timestamps_s, step_s)
    return sober(line, step_s) if odd else line


def judge_whole(timestamps_s: Floats, rules: StartRules) -> StartVerdict:
    """Judge the timestamps (N,) when no more of them can be awaited."""
    if timestamps_s.size < FEWEST_TIMESTAMPS and np.isfinite(timestamps_s).all():
        return nominal_line(timestamps_s, rules.nominal_s)
    verdict = judge_first_block(timestamps_s, rules.block, rules.confirm, rules.nominal_s)
    waited = has_waited(timestamps_s, rules.nominal_s)
    if isinstance(verdict, Hole) and not waited and _stays(timestamps_s, verdict, rules) is False:
        waited = True
    if not waited:
        return verdict
    return _late(timestamps_s, rules, last=True) or guess_late_start(timestamps_s, rules.nominal_s) or "noclock"


def _late(timestamps_s: Floats, rules: StartRules, *, last: bool) -> FirstLine | BurstLine | Hole | Still | None:
    line = judge_late_start(timestamps_s, rules.block, rules.nominal_s, last=last)
    if line is None:
        return None
    hole = hole_in_hindsight(timestamps_s, line)
    if hole is None or isinstance(hole, Still):
        return hole or line
    stays = _stays(timestamps_s, hole, rules, line.interval_s if isinstance(line, BurstLine) else 0.0)
    if stays is None and not last:
        return None
    return line if stays is False else hole


def _stays(timestamps_s: Floats, hole: Hole, rules: StartRules, interval_s: float = 0.0) -> bool | None:
    """Whether the timestamps after a jump stay there; None if more of them are needed."""
    error_s = (timestamps_s - hole.start_s - hole.step_s * np.arange(timestamps_s.size))[hole.behind :]
    habits = _habits(timestamps_s, hole, rules, interval_s)
    if (hole.offset_s < 0 and is_late_line(hole.offset_s, habits)) or is_packet_border(hole.offset_s, habits):
        return False
    return jump_stays(timestamps_s[hole.behind :], error_s if hole.offset_s > 0 else -error_s, habits, rules.confirm)


def _habits(timestamps_s: Floats, hole: Hole, rules: StartRules, interval_s: float) -> Habits:
    """The stream's habits, as far as a start with a jump shows them."""
    seen = np.isfinite(timestamps_s)
    line = line_through(np.flatnonzero(seen).astype(np.float64), timestamps_s[seen], rules.nominal_s)
    return Habits(
        step_s=hole.step_s,
        limit_s=_RETURNED * abs(hole.offset_s),
        spread_s=0.0,
        reach_s=max(4 * hole.step_s, _REACH_S, 1.3 * interval_s),
        patience_s=max(_PATIENCE_S, 1.6 * interval_s),
        young=True,
        interval_s=interval_s,
        rule_s=line.rule_s,
    )
