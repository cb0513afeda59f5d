"""Tell the borders of packets, whose stamps are counted back from the last one, from losses.

K usable stamps behind a jump, in seconds. Within a packet stamps keep a rule to the bit, and losses there are whole
steps; where one packet follows another, what the sender's clock says shows.
"""

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.firstblock import RULE
from eegstream.dsp.lateness import Habits

_SMALL_JUMP_S = 0.040
"""Such a jump that is not whole is the border of a packet."""
_MERGED, _MERGED_ENDS = 2.2, 5
"""Packets that were held up may be late by this share of the usual one, and have so many ends."""
_LONGEST_S = 5.5
"""What was sent as one packet after a stall lasts no longer."""
_LATE_LINE_S, _LATE_YOUNG_LINE_S = 0.15, 1.2
"""A line of packets may be too late by so much, an old one and a young one."""

Floats = NDArray[np.float64]


def is_packet_border(error_s: float, habits: Habits) -> bool:
    """Whether a small jump comes from the sender's clock."""
    return habits.rule_s is not None and abs(error_s) < _SMALL_JUMP_S and not _whole(error_s, habits.rule_s)


def may_be_a_packet(error_s: float, habits: Habits) -> bool:
    """Whether a jump may be a packet that is late."""
    return habits.rule_s is not None and (habits.packet_s > 0 or not _whole(error_s, habits.rule_s))


def limit_of(error_s: float, habits: Habits) -> float:
    """Deviations up to this are back on the line, if the first one is of this size."""
    if abs(error_s) > _SMALL_JUMP_S and may_be_a_packet(error_s, habits):
        return max(habits.limit_s, _SMALL_JUMP_S)
    return habits.limit_s


def stamps_needed(stamps_s: Floats, pace_s: Floats, error_s: float, habits: Habits, confirm: int) -> int:
    """Number of stamps (K,) behind a jump of `error_s` before which it is not to be judged.

    Where it may be a packet that is late, they hold the ends of some packets, or last for longer than any.
    """
    if habits.rule_s is None or not may_be_a_packet(error_s, habits):
        return confirm
    steps_s = stamps_s[1:] - stamps_s[:-1]
    ends = np.flatnonzero(np.abs(steps_s - habits.rule_s) > RULE * habits.rule_s)
    longest = int(np.searchsorted(pace_s, _LONGEST_S))
    wanted = habits.packet_ends
    if error_s < _MERGED * habits.packet_s:
        wanted = max(wanted, _MERGED_ENDS)
    outlasted = int(ends[wanted - 1]) + 1 if ends.size >= wanted else longest
    return max(confirm, min(longest, outlasted))


def is_late_line(offset_s: float, habits: Habits) -> bool:
    """Whether stamps step back because the packets before were late."""
    if habits.rule_s is None or _whole(offset_s, habits.rule_s):
        return False
    return -offset_s < (_LATE_YOUNG_LINE_S if habits.young else _LATE_LINE_S if habits.packet_s else 0.0)


def _whole(error_s: float, step_s: float) -> bool:
    steps = error_s / step_s
    return abs(steps - round(steps)) < RULE
