"""Learn a segment's habits: how long its packets are, and how often and by how much its samples come late.

B timestamps in a block, in seconds.
"""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.firstblock import RULE, rule_of

_PATIENCE_S = 0.1
"""Shortest time for which an offset must stay."""
_CAREFUL_S = 0.4
"""The same, if samples have come late before."""
_PATIENCE = 1.6
"""Fewest packets for which an offset must stay."""
_LONGEST_PACKET_S = 1.5
"""A longer run of equal steps is not a packet."""
_RULE_BLOCKS = 4
"""The rule (exactly equal steps) is searched for once per this many blocks."""
_DRIFT = 0.1
"""A rule differs from the measured step by less than this share."""
_FEW_PACKETS = 8
"""Fewer packets do not show how late packets may be."""
_ENDS, _MOST_ENDS = 2, 8
"""Packet ends for which an offset must stay: usually, and if few packets or many late ones are known."""
_REMEMBERED_BLOCKS = 60
"""Late samples are remembered for this many blocks."""
_RUNS, _OFTEN = 8, 5
"""Most runs of late samples that are remembered, and how many of them make lateness usual."""
_FLOOR = 1.2
"""If lateness is usual, deviations below this multiple of the second largest lateness are not suspicious."""
_STALL_S = 0.25
"""Samples later than this come from a stall, which is never usual."""
_HABIT, _HABIT_BLOCKS = 0.8, 8
"""Samples are habitually late if more than this share of them is late, averaged over this many blocks."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Habits:
    """What is usual in the running segment."""

    step_s: float
    limit_s: float
    """Largest usual deviation from the line."""
    spread_s: float
    """Standard deviation of the timestamps around the line."""
    reach_s: float
    """A longer step is a stall or a jump; it counts as this much of the stream's pace."""
    patience_s: float
    """Time, by the stream's pace, for which an offset must stay."""
    young: bool
    interval_s: float = 0.0
    """Seconds from burst to burst; 0 if the line is not a lower envelope."""
    rule_s: float | None = None
    """The exact step within packets, if the sender counts timestamps instead of reading a clock; else None."""
    packet_s: float = 0.0
    """Length of the usual packet; 0 until a step between packets has been seen, which differs from the rule."""
    packet_ends: int = _MOST_ENDS
    """Number of packet ends for which an offset must stay."""


def pace(timestamps_s: Floats, places: NDArray[np.intp], habits: Habits) -> Floats:
    """(K,) time that has passed for the stream: a stall counts as `reach_s`, and in bursty streams not at all."""
    reach_s = habits.reach_s * (places[1:] - places[:-1])
    steps_s = timestamps_s[1:] - timestamps_s[:-1]
    steps_s = np.where(steps_s > reach_s, 0.0 if habits.interval_s else reach_s, steps_s)
    passed_s = np.zeros(timestamps_s.size)
    np.cumsum(steps_s, out=passed_s[1:])
    return np.maximum.accumulate(passed_s)


class Lateness:
    """Follow packets and late samples, block by block."""

    def __init__(self, rule_s: float | None, block: int) -> None:
        self.rule_s = rule_s
        self.packet = 0
        """Samples in the usual packet."""
        self._packets: deque[int] = deque(maxlen=_FEW_PACKETS)
        self._packets_seen, self._run = 0, block
        self._share = self.usual_s = 0.0
        self._runs: deque[tuple[int, float]] = deque(maxlen=_RUNS)
        """Block and size of the latest runs of late samples."""
        self._block_number, self._was_late = 0, False
        self._last_s = math.nan

    def learn(self, timestamps_s: Floats, predicted_s: Floats, late: NDArray[np.bool_] | None, step_s: float) -> None:
        """Take a block's timestamps (B,) and which of them were late."""
        self._block_number += 1
        if self.rule_s is not None:
            self._learn_packets(timestamps_s, self.rule_s, step_s)
        elif self._block_number % _RULE_BLOCKS == 0 and not np.isnan(timestamps_s).any():
            rule_s = rule_of(np.ones(timestamps_s.size - 1), np.diff(timestamps_s), step_s)
            self.rule_s = rule_s if rule_s and abs(rule_s / step_s - 1) < _DRIFT else None
        self._last_s = float(timestamps_s[-1])
        if late is None:
            self._share -= self._share / _HABIT_BLOCKS
            self._was_late = False
            return
        self._share += (float(np.count_nonzero(late)) / late.size - self._share) / _HABIT_BLOCKS
        late_s = timestamps_s - predicted_s
        self.usual_s += (float(late_s[late].max(initial=0.0)) - self.usual_s) / 2
        starts = np.flatnonzero(late & ~np.append(self._was_late, late[:-1]))
        self._runs.extend((self._block_number, float(late_s[start])) for start in starts)
        self._was_late = bool(late[-1])

    def _learn_packets(self, timestamps_s: Floats, rule_s: float, step_s: float) -> None:
        steps_s = timestamps_s - np.append(self._last_s, timestamps_s[:-1])
        starts = np.flatnonzero(np.abs(steps_s - rule_s) > RULE * rule_s)
        if starts.size > timestamps_s.size / 2:
            self.rule_s, self.packet = None, 0
        elif starts.size:
            runs = np.diff(starts, prepend=-self._run)
            self._packets.extend(runs[runs <= _LONGEST_PACKET_S / step_s].tolist())
            self.packet = sorted(self._packets)[len(self._packets) // 2] if self._packets else 0
            self._packets_seen += starts.size
            self._run = timestamps_s.size - int(starts[-1])
        else:
            self._run += timestamps_s.size

    @property
    def _recent_s(self) -> list[float]:
        """Lateness of the recent runs of late samples."""
        return [size_s for block, size_s in self._runs if self._block_number - block < _REMEMBERED_BLOCKS]

    @property
    def is_habit(self) -> bool:
        """Whether most samples come late, by about `usual_s`: the stream comes in bursts, not in packets."""
        return self.rule_s is None and self._share > _HABIT and len(self._recent_s) >= _OFTEN

    @property
    def floor_s(self) -> float:
        """Deviations below this are usual because they were frequent."""
        small_s = sorted(size_s for size_s in self._recent_s if size_s < _STALL_S)
        return min(_FLOOR * small_s[-2], _STALL_S) if len(small_s) >= _OFTEN else 0.0

    @property
    def patience_s(self) -> float:
        """Time for which an offset must stay, unless packets require more."""
        return _CAREFUL_S if self._recent_s else _PATIENCE_S

    def habits(self, step_s: float, limit_s: float, spread_s: float, *, young: bool) -> Habits:
        """The segment's habits, completed with the line's own figures."""
        ends = _ENDS + 2 * len(self._recent_s) if self._packets_seen >= _FEW_PACKETS else _MOST_ENDS
        return Habits(
            step_s=step_s,
            limit_s=limit_s,
            spread_s=spread_s,
            reach_s=max(2 * step_s, limit_s),
            patience_s=max(self.patience_s, _PATIENCE * self.packet * step_s),
            young=young,
            rule_s=self.rule_s,
            packet_s=self.packet * step_s,
            packet_ends=min(ends, _MOST_ENDS),
        )
