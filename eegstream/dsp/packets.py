"""Distinguish packet borders from losses, for senders that count the timestamps of a packet back from its last one.

K usable timestamps after a jump, in seconds. Within a packet all steps are exactly equal (the rule), and a loss is a
whole number of steps. Between two packets the step depends on the sender's clock.
"""

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.firstblock import RULE
from eegstream.dsp.lateness import Habits

_SMALL_JUMP_S = 0.040
"""A jump below this that is not a whole number of steps is a packet border."""
_MERGED, _MERGED_ENDS = 2.2, 5
"""A delayed packet is late by less than this multiple of the usual packet length; then this many ends are needed."""
_LONGEST_S = 5.5
"""Longest packet that a sender makes after a stall."""
_LATE_LINE_S, _LATE_YOUNG_LINE_S = 0.15, 1.2
"""Largest lateness of a line through packets: of an old line, and of a young line."""

Floats = NDArray[np.float64]


def is_packet_border(error_s: float, habits: Habits) -> bool:
    """Whether a small jump comes from the sender's clock."""
    return habits.rule_s is not None and abs(error_s) < _SMALL_JUMP_S and not _whole(error_s, habits.rule_s)


def may_be_a_packet(error_s: float, habits: Habits) -> bool:
    """Whether a jump may be a late packet."""
    return habits.rule_s is not None and (habits.packet_s > 0 or not _whole(error_s, habits.rule_s))


def limit_of(error_s: float, habits: Habits) -> float:
    """Largest deviation that counts as back on the line, after a first deviation of `error_s`."""
    if abs(error_s) > _SMALL_JUMP_S and may_be_a_packet(error_s, habits):
        return max(habits.limit_s, _SMALL_JUMP_S)
    return habits.limit_s


def timestamps_needed(timestamps_s: Floats, pace_s: Floats, error_s: float, habits: Habits, confirm: int) -> int:
    """Number of timestamps (K,) after a jump of `error_s` that are needed to judge it.

    If the jump may be a late packet, they must contain the ends of several packets, or last longer than any packet.
    """
    if habits.rule_s is None or not may_be_a_packet(error_s, habits):
        return confirm
    steps_s = timestamps_s[1:] - timestamps_s[:-1]
    ends = np.flatnonzero(np.abs(steps_s - habits.rule_s) > RULE * habits.rule_s)
    longest = int(np.searchsorted(pace_s, _LONGEST_S))
    wanted = habits.packet_ends
    if error_s < _MERGED * habits.packet_s:
        wanted = max(wanted, _MERGED_ENDS)
    outlasted = int(ends[wanted - 1]) + 1 if ends.size >= wanted else longest
    return max(confirm, min(longest, outlasted))


def is_late_line(offset_s: float, habits: Habits) -> bool:
    """Whether timestamps step back because the packets before were late."""
    if habits.rule_s is None or _whole(offset_s, habits.rule_s):
        return False
    return -offset_s < (_LATE_YOUNG_LINE_S if habits.young else _LATE_LINE_S if habits.packet_s else 0.0)


def _whole(error_s: float, step_s: float) -> bool:
    steps = error_s / step_s
    return abs(steps - round(steps)) < RULE
