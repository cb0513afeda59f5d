"""Judge the start of a segment: at once where its stamps are calm, later where that takes more of them.

N usable stamps from the segment's start, in seconds; B of them in a block; C stamps measure a jump.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.burstclock import BurstLine
from eegstream.dsp.doubt import Habits, is_packet_border, late_packets, pace, stamps_needed
from eegstream.dsp.firstblock import (
    FEWEST_STAMPS,
    FirstLine,
    Hole,
    NoClock,
    judge_first_block,
    line_through,
    nominal_line,
)
from eegstream.dsp.latestart import guess_late_start, has_waited, judge_late_start

_PATIENCE_S = 0.1
_RETURNED = 0.5
"""Stamps that come back over so much of a jump have not jumped."""
_MUCH_FASTER = 0.7
"""A first line of less than this share of the expected step may be one of late samples."""

Floats = NDArray[np.float64]
StartVerdict = FirstLine | BurstLine | Hole | NoClock


@dataclass(frozen=True)
class StartRules:
    """What a start is judged by."""

    block: int
    confirm: int
    nominal_s: float
    expected_s: float
    """Seconds per sample: the nominal ones, or those that a change of rate showed."""


def judge_start(stamps_s: Floats, rules: StartRules) -> StartVerdict | None:
    """Say what the stamps (N,), N >= `block`, are; None if that takes more of them."""
    first_s = stamps_s[: rules.block]
    if not has_waited(first_s, rules.expected_s):
        verdict = judge_first_block(first_s, rules.block, rules.confirm, rules.expected_s)
        if verdict == "nostamps":
            return verdict
        if isinstance(verdict, FirstLine) and verdict.step_s > _MUCH_FASTER * rules.expected_s:
            return verdict if stamps_s.size == rules.block else _late(stamps_s, rules)
        if isinstance(verdict, Hole):
            stays = _stays(stamps_s, verdict, rules)
            if stays is None:
                return None
            if stays:
                return verdict
    return _late(stamps_s, rules)


def judge_whole(stamps_s: Floats, rules: StartRules) -> StartVerdict:
    """Say what the stamps (N,) are if no more of them can be waited for."""
    if stamps_s.size < FEWEST_STAMPS and np.isfinite(stamps_s).all():
        return nominal_line(stamps_s, rules.nominal_s)
    verdict = judge_first_block(stamps_s, rules.block, rules.confirm, rules.expected_s)
    waited = has_waited(stamps_s, rules.expected_s)
    if isinstance(verdict, Hole) and not waited and _stays(stamps_s, verdict, rules) is False:
        waited = True
    if not waited:
        return verdict
    late = judge_late_start(stamps_s, rules.block, rules.expected_s, rules.nominal_s, last=True)
    return late or guess_late_start(stamps_s, rules.nominal_s) or "noclock"


def _late(stamps_s: Floats, rules: StartRules) -> FirstLine | BurstLine | Hole | None:
    return judge_late_start(stamps_s, rules.block, rules.expected_s, rules.nominal_s, last=False)


def _stays(stamps_s: Floats, hole: Hole, rules: StartRules) -> bool | None:
    """Whether the stamps behind a jump stay there; None if that takes more of them."""
    behind = np.arange(hole.behind, stamps_s.size)
    error_s = (stamps_s - hole.start_s - hole.step_s * np.arange(stamps_s.size))[behind]
    seen = np.isfinite(error_s)
    behind, error_s = behind[seen], error_s[seen]
    habits = _habits(stamps_s, hole.step_s, rules)
    if (hole.offset_s < 0 and late_packets(hole.offset_s, habits)) or is_packet_border(hole.offset_s, habits):
        return False
    passed_s = pace(stamps_s[behind], behind, habits)
    needed = stamps_needed(stamps_s[behind], passed_s, hole.offset_s, habits, rules.confirm)
    within = (passed_s <= habits.patience_s) | (np.arange(behind.size) <= needed)
    if (error_s[within] / hole.offset_s < _RETURNED).any():
        return False
    enough = passed_s[-1] >= habits.patience_s - 1e-9 and behind.size > needed
    return True if enough else None


def _habits(stamps_s: Floats, step_s: float, rules: StartRules) -> Habits:
    """What a start with a jump shows of the stream's habits."""
    seen = np.isfinite(stamps_s)
    line = line_through(np.flatnonzero(seen).astype(np.float64), stamps_s[seen], rules.expected_s)
    reach_s = max(4 * step_s, 0.02)
    return Habits(step_s, 0.0, 0.0, reach_s, _PATIENCE_S, 0.0, line.rule_s, packets=False, young=True)
