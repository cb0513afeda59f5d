"""What a run counts and times, for the log's summary and for metrics.

The worker thread writes, other threads read. Each number is replaced as a whole, so nobody waits for anybody.
"""

import bisect
import statistics
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from eegstream.wire.identity import DAEMON
from eegstream.wire.messages import State

STAGES = ("source", "inbox", "signal", "encode", "publish")
"""From a sample's timestamp to its pull; in the inbox; the signal path of a chunk; the model's time for a batch; a
message's way to the publishing process."""
BOUNDS_S = (1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_MOST_LAGS = 4096


class Histogram:
    """How many durations were at most so long; the last number counts those that were longer."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS_S) + 1)
        self.sum_s = 0.0

    def note(self, duration_s: float) -> None:
        """Count a duration; one below 0 counts as 0."""
        self.counts[bisect.bisect_left(BOUNDS_S, duration_s)] += 1
        self.sum_s += max(0.0, duration_s)


@dataclass(frozen=True)
class Lags:
    """How old codes were when they were sent, over a minute."""

    median_s: float | None
    """Of the newest 4096; None if there were no codes."""
    worst_s: float | None


class Figures:
    """The counts of a run, from its start."""

    def __init__(self) -> None:
        self.received = self.dropped = 0
        """Samples; those of all channels at one time count as one."""
        self.encoded = 0
        """Patches of one channel."""
        self.gaps: Counter[str] = Counter()
        """By reason."""
        self.statuses: Mapping[str, int] = {}
        """Streams by status, as last told."""
        self.channels = 0
        """Of the open epochs, as last told."""
        self.stages: Mapping[str, Histogram] = {stage: Histogram() for stage in STAGES}
        self.lag = Histogram()
        self._lags_s: deque[float] = deque(maxlen=_MOST_LAGS)
        self._worst_s: float | None = None

    @contextmanager
    def taking(self, samples: int, waited_s: float) -> Iterator[None]:
        """Count a chunk that waited so long in the inbox, and time its signal path."""
        self.received += samples
        self.stages["inbox"].note(waited_s)
        began_s = time.perf_counter()
        yield
        self.stages["signal"].note(time.perf_counter() - began_s)

    def note_dropped(self, samples: int) -> None:
        """Count samples that were received but not taken."""
        self.received += samples
        self.dropped += samples

    def note_lag(self, lag_s: float | None, source_s: float | None) -> None:
        """Note the age of codes that were sent, and the part of it that had passed before their samples were pulled."""
        if source_s is not None:
            self.stages["source"].note(source_s)
        if lag_s is not None:
            self.lag.note(lag_s)
            self._lags_s.append(lag_s)
            self._worst_s = lag_s if self._worst_s is None else max(self._worst_s, lag_s)

    def note_states(self, states: Iterable[State], channels: int) -> None:
        """Note what is told of the streams."""
        self.statuses = Counter(state.status for state in states if state.stream != DAEMON)
        self.channels = channels

    def take_lags(self) -> Lags:
        """The lags since the last call."""
        lags_s, self._lags_s = self._lags_s, deque(maxlen=_MOST_LAGS)
        worst_s, self._worst_s = self._worst_s, None
        # The worker may still be adding its last one to the old list.
        return Lags(statistics.median(list(lags_s)) if lags_s else None, worst_s)
