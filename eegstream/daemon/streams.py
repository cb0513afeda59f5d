"""The state of each stream, over its epochs."""

import itertools
import math
import statistics
from collections import deque
from dataclasses import dataclass, field

from eegstream.epoch import Clock, Epoch
from eegstream.following import Following
from eegstream.lsl.reader import Reader
from eegstream.stream import StreamGeometry
from eegstream.wire.messages import State
from eegstream.wire.reasons import Status

_STALLED_AFTER_S = 1.0
"""Silence, beyond the usual time between chunks, after which a stream counts as stalled."""
_USUAL_CHUNKS = 32
"""Chunks whose intervals give the usual one."""
_RATE_WINDOW_S = 10.0
_TELL_TROUBLE_S = 10.0
_PLAUSIBLE_AGE_S = 60.0
"""Codes that are further than this from now, when a stream begins, have timestamps of another clock."""


@dataclass
class Age:
    """How old the newest codes were when they were sent.

    It is counted from the time of the last sample that they needed, on the daemon's clock, so the waiting in liblsl's
    queue and in the sender counts. A sender may stamp its samples with another clock than LSL's. Then the smallest
    difference so far stands for no age at all.
    """

    lag_s: float | None = None
    source_s: float | None = None
    """The part of it that had passed before the sample was pulled; None if its clock is not known."""
    _foreign_s: float | None = None
    """The smallest difference of a foreign clock; None while timestamps are on LSL's clock."""

    def note(self, needed_s: float, clock: Clock, arrived_s: float, now_s: float) -> None:
        """Note codes whose last needed sample was at `needed_s` by the outlet's clock, and arrived at `arrived_s`."""
        waited_s = now_s - arrived_s
        if clock.offset_s is None or not math.isfinite(needed_s):
            self.lag_s, self.source_s = waited_s, None
            return
        age_s = now_s - (needed_s + clock.offset_s)
        if self.lag_s is None and not -_PLAUSIBLE_AGE_S < age_s < _PLAUSIBLE_AGE_S:
            self._foreign_s = age_s
        if self._foreign_s is not None:
            self._foreign_s = min(self._foreign_s, age_s - waited_s)
            age_s -= self._foreign_s
        self.lag_s = max(waited_s, age_s)
        self.source_s = self.lag_s - waited_s


@dataclass
class LiveStream:
    """One stream of this run: its counters, its reader, and the `Following` of its current outlet."""

    name: str
    reader: Reader | None = None
    following: Following[Epoch] | None = None
    geometry: StreamGeometry | None = None
    epochs: int = 0
    """Epochs opened so far."""
    why: str | None = None
    received: int = 0
    encoded: int = 0
    dropped: int = 0
    age: Age = field(default_factory=Age)
    last_seq: int | None = None
    last_samples_s: float = 0.0
    changed_s: float = 0.0
    """When its epoch last opened or closed."""
    _sequence: "itertools.count[int]" = field(default_factory=itertools.count)
    _arrivals: deque[tuple[float, int]] = field(default_factory=deque)
    _intervals_s: deque[float] = field(default_factory=lambda: deque(maxlen=_USUAL_CHUNKS))
    _trouble: str | None = None
    _trouble_s: float = -math.inf
    """When samples or codes of it were last lost in the daemon."""
    _told: Status | None = None
    """The status that was published last."""

    def next_seq(self) -> int:
        """The number of the stream's next sequenced message."""
        self.last_seq = next(self._sequence)
        return self.last_seq

    def note_samples(self, count: int, arrived_s: float) -> None:
        """Count a chunk."""
        self.received += count
        self._intervals_s.append(arrived_s - self.last_samples_s)
        self.last_samples_s = arrived_s
        self._arrivals.append((arrived_s, self.received))
        while arrived_s - self._arrivals[0][0] > _RATE_WINDOW_S:
            self._arrivals.popleft()

    def note_dropped(self, count: int, now_s: float) -> None:
        """Count samples that were received but not taken."""
        self.received += count
        self.dropped += count
        self._trouble_s = now_s
        self._trouble = f"the daemon is behind: {self.dropped} samples of this stream were dropped in this run"

    def note_no_codes(self, why: str, now_s: float) -> None:
        """Note that a segment ended because a patch got no codes."""
        self._trouble_s, self._trouble = now_s, why

    @property
    def epoch(self) -> Epoch | None:
        """The open epoch; None while the stream's rate is being measured, and while it has no outlet."""
        return self.following.current if self.following is not None else None

    def attach(self, reader: Reader, following: Following[Epoch], geometry: StreamGeometry, now_s: float) -> None:
        """Note that samples come from `reader` from now on."""
        self.reader, self.following, self.geometry, self.why = reader, following, geometry, None
        self.last_samples_s = self.changed_s = now_s
        self._arrivals.clear()
        self._intervals_s.clear()
        self.age = Age()

    def detach(self, why: str, now_s: float) -> None:
        """Note that the stream no longer has an outlet."""
        self.reader = self.following = None
        self.why, self.changed_s = why, now_s

    def state(self, run: str, now_s: float, refused: str | None) -> State:
        """The stream's state message; `refused` is why its outlet cannot be used, if that is so."""
        status, why = self._status(now_s, refused)
        self._told = status
        return State(
            stream=self.name,
            run=run,
            epoch=max(0, self.epochs - 1),
            last_seq=self.last_seq,
            status=status,
            why=why,
            received=self.received,
            encoded=self.encoded,
            lag_s=self.age.lag_s,
            dropped=self.dropped,
            segment=self.epoch.segment if self.epoch else None,
            t=now_s,
            rate_measured_hz=self._measured_rate_hz(now_s),
            remarks=self.epoch.remarks if self.epoch is not None else (),
            mains_share=self.epoch.mains_share if self.epoch is not None else None,
        )

    def has_changed(self, now_s: float, refused: str | None) -> bool:
        """Whether the status is another one than the last that was published."""
        return self._status(now_s, refused)[0] != self._told

    @property
    def _stalled_after_s(self) -> float:
        usual_s = statistics.median(self._intervals_s) if self._intervals_s else 0.0
        return _STALLED_AFTER_S + usual_s

    def _status(self, now_s: float, refused: str | None) -> tuple[Status, str | None]:
        if self.following is None:
            return ("lost", self.why) if refused is None else ("refused", refused)
        silent_s = now_s - self.last_samples_s
        # Asked with every round of the worker; the usual interval is sought only where it can matter.
        if silent_s > _STALLED_AFTER_S and silent_s > self._stalled_after_s:
            return "stalled", f"no samples for {silent_s:.0f} s"
        if now_s - self._trouble_s < _TELL_TROUBLE_S:
            return "live", self._trouble
        if self.epoch is None:
            return "live", self.following.remark or "its sampling rate is being measured"
        return "live", self.epoch.remark

    def _measured_rate_hz(self, now_s: float) -> float | None:
        """Samples per second over the last seconds; None while no samples come."""
        if now_s - self.last_samples_s > self._stalled_after_s:
            return None
        if len(self._arrivals) < 2 or self._arrivals[-1][0] <= self._arrivals[0][0]:
            return None
        (first_s, before), (last_s, after) = self._arrivals[0], self._arrivals[-1]
        return (after - before) / (last_s - first_s)
