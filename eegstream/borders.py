"""Borders between segments: why, and how many samples are missing there.

Arrival times tell whether timestamps jumped because samples were lost or because the sender's clock was set.
"""

from collections import deque
from dataclasses import dataclass

from eegstream.dsp.decided import Break
from eegstream.wire.reasons import GapReason

_REASONS: dict[str, GapReason] = {
    "gap": "missing",
    "back": "clock",
    "frozen": "clock",
    "rate": "clock",
    "noclock": "clock",
    "nostamps": "stamps",
}

_SHORTEST_S, _WINDOW_S, _NOTES_S = 2.0, 10.0, 0.25
"""Arrivals are compared with timestamps over at least and at most these times; one comparison in the last one."""
_SAME_PACE = 0.1
"""Arrivals keep the pace of the timestamps within this share."""
_CLOCK_STEP_S = 1.0
"""A sample cannot arrive earlier, for its timestamp, than the freshest ones did. If it is earlier by more than this,
the sender's clock was set forward."""


@dataclass
class Border:
    """A segment that has ended, while the first sample of the next segment is awaited."""

    reason: GapReason
    missing: int | None
    bridgeable: bool
    """Whether it may be filled."""
    modulus: int | None = None
    """A counter says `missing`, but for a multiple of this."""
    is_counted: bool = False
    """Whether a counter says `missing`."""

    @classmethod
    def of(cls, item: Break) -> "Border":
        """The border that timestamps show."""
        return cls(_REASONS[item.kind], item.missing, bridgeable=item.kind == "gap" and item.missing > 0)

    @classmethod
    def counted(cls, item: Break, modulus: int | None) -> "Border":
        """The border that timestamps show where a counter goes on: no samples are missing, or whole rounds of it."""
        reason = _REASONS[item.kind]
        return cls("clock" if reason == "missing" else reason, 0, bridgeable=False, modulus=modulus, is_counted=True)

    def add_lost(self, missing: int | None, modulus: int | None) -> None:
        """Note that a counter jumps at this border, too."""
        known = self.missing if self.reason == "missing" and self.is_counted else 0
        self.missing = None if missing is None or known is None else known + missing
        self.reason, self.modulus, self.is_counted = "missing", modulus, True

    def take_rounds(self, passed: float) -> None:
        """Add whole rounds of a short counter, if the time of `passed` samples went by at the border."""
        if self.modulus is None or self.missing is None:
            return
        rounds = round((passed - self.missing) / self.modulus)
        if rounds > 0:
            self.missing += rounds * self.modulus
            self.reason, self.is_counted, self.bridgeable = "missing", False, False

    def take_for_clock_step(self) -> None:
        """Note that the sender's clock was set forward, so that nobody knows how many samples are missing."""
        self.reason, self.missing, self.bridgeable = "clock", None, False


class ArrivalWitness:
    """Compare the arrivals of samples with their times, in one segment.

    Arrivals are used only while they keep the pace of the times: a recording that is played fast, or read from a file,
    has none that tell anything.
    """

    def __init__(self) -> None:
        self.begin_segment()

    def begin_segment(self) -> None:
        """Forget everything."""
        self._notes: deque[tuple[float, float]] = deque()
        self._next_s = -float("inf")

    def note(self, time_s: float, arrived_s: float) -> None:
        """Take the newest sample's time, and when it arrived."""
        if time_s < self._next_s:
            if arrived_s - time_s < self._notes[-1][1] - self._notes[-1][0]:
                self._notes[-1] = (time_s, arrived_s)
            return
        self._notes.append((time_s, arrived_s))
        self._next_s = time_s + _NOTES_S
        while time_s - self._notes[0][0] > _WINDOW_S:
            self._notes.popleft()

    def shows_clock_step(self, time_s: float, arrived_s: float) -> bool:
        """Whether a sample behind a border has a time that no sample of this age can have."""
        if not self._keep_pace():
            return False
        freshest_s = min(arrived - time for time, arrived in self._notes)
        return arrived_s - time_s < freshest_s - _CLOCK_STEP_S

    def _keep_pace(self) -> bool:
        """Whether arrivals kept the pace of the times up to now, since some moment: a burst before it tells nothing."""
        if not self._notes:
            return False
        last_s, last_arrived_s = self._notes[-1]
        return any(
            last_s - time_s >= _SHORTEST_S
            and abs(last_arrived_s - arrived_s - (last_s - time_s)) <= _SAME_PACE * (last_s - time_s)
            for time_s, arrived_s in self._notes
        )
