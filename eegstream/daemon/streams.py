"""The worker's state of each stream, over its epochs."""

import itertools
from collections import deque
from dataclasses import dataclass, field

from eegstream.epoch import Epoch
from eegstream.following import Following
from eegstream.lsl.reader import Reader
from eegstream.wire.messages import State
from eegstream.wire.reasons import Status

_STALLED_AFTER_S = 2.0
_RATE_WINDOW_S = 10.0


@dataclass
class LiveStream:
    """One stream of this run: its counters, its reader, and the `Following` of its current outlet."""

    name: str
    reader: Reader | None = None
    following: Following[Epoch] | None = None
    epochs: int = 0
    """Epochs opened so far."""
    why: str | None = None
    received: int = 0
    encoded: int = 0
    dropped: int = 0
    lag_s: float | None = None
    last_seq: int | None = None
    last_samples_s: float = 0.0
    changed_s: float = 0.0
    """When its epoch last opened or closed."""
    _sequence: "itertools.count[int]" = field(default_factory=itertools.count)
    _arrivals: deque[tuple[float, int]] = field(default_factory=deque)

    def next_seq(self) -> int:
        """The number of the stream's next sequenced message."""
        self.last_seq = next(self._sequence)
        return self.last_seq

    def note_samples(self, count: int, arrived_s: float) -> None:
        """Count a chunk."""
        self.received += count
        self.last_samples_s = arrived_s
        self._arrivals.append((arrived_s, self.received))
        while arrived_s - self._arrivals[0][0] > _RATE_WINDOW_S:
            self._arrivals.popleft()

    @property
    def epoch(self) -> Epoch | None:
        """The open epoch; None while the stream's rate is being measured, and while it has no outlet."""
        return self.following.current if self.following is not None else None

    def attach(self, reader: Reader, following: Following[Epoch], now_s: float) -> None:
        """Note that samples come from `reader` from now on."""
        self.reader, self.following, self.why = reader, following, None
        self.last_samples_s = self.changed_s = now_s
        self._arrivals.clear()

    def detach(self, why: str, now_s: float) -> None:
        """Note that the stream no longer has an outlet."""
        self.reader = self.following = None
        self.why, self.changed_s = why, now_s

    def state(self, run: str, now_s: float, refused: str | None) -> State:
        """The stream's state message; `refused` is why its outlet cannot be used, if that is so."""
        status, why = self._status(now_s, refused)
        return State(
            stream=self.name,
            run=run,
            epoch=max(0, self.epochs - 1),
            last_seq=self.last_seq,
            status=status,
            why=why,
            received=self.received,
            encoded=self.encoded,
            lag_s=self.lag_s,
            dropped=self.dropped,
            segment=self.epoch.segment if self.epoch else None,
            t=now_s,
            rate_measured_hz=self._measured_rate_hz(now_s),
            remarks=self._remarks(),
        )

    def _remarks(self) -> tuple[str, ...]:
        remark = self.epoch.remark if self.epoch is not None else None
        return () if remark is None else (remark,)

    def _status(self, now_s: float, refused: str | None) -> tuple[Status, str | None]:
        if self.following is None:
            return ("lost", self.why) if refused is None else ("refused", refused)
        silent_s = now_s - self.last_samples_s
        if silent_s > _STALLED_AFTER_S:
            return "stalled", f"no samples for {silent_s:.0f} s"
        if self.epoch is None:
            return "live", "its sampling rate is being measured"
        return "live", self.epoch.remark

    def _measured_rate_hz(self, now_s: float) -> float | None:
        """Samples per second over the last seconds; None while no samples come."""
        if now_s - self.last_samples_s > _STALLED_AFTER_S:
            return None
        if len(self._arrivals) < 2 or self._arrivals[-1][0] <= self._arrivals[0][0]:
            return None
        (first_s, before), (last_s, after) = self._arrivals[0], self._arrivals[-1]
        return (after - before) / (last_s - first_s)
