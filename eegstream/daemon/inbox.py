"""The bounded queue between the readers' threads and the worker thread.

A channels of a source, n samples in a chunk.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegstream.lsl.reader import Reader
from eegstream.stream import StreamGeometry


@dataclass(frozen=True)
class Opened:
    """A reader's outlet answered."""

    reader: Reader
    geometry: StreamGeometry


@dataclass(frozen=True)
class Samples:
    """A chunk of a reader's outlet."""

    reader: Reader
    raw: NDArray[Any]
    """(A, n), in the source's units and format."""
    timestamps_s: NDArray[np.float64]
    """(n,)"""
    arrived_s: float
    waiting_since_s: float
    """Earliest time since which they may have waited in this process."""


@dataclass(frozen=True)
class Dropped:
    """Samples of a reader were dropped, because its share of the queue was full or they had waited too long."""

    reader: Reader
    count: int


@dataclass(frozen=True)
class Closed:
    """A reader ended."""

    reader: Reader
    why: str


Item = Opened | Samples | Dropped | Closed


class Inbox:
    """Keep what readers bring until the worker takes it; at most `buffer_s` of each stream's samples.

    Samples that do not fit are counted; the count takes their place in the queue. So are samples that have waited in
    this process for more than `max_wait_s`, if that is not None.
    """

    def __init__(self, max_wait_s: float | None = None) -> None:
        self._max_wait_s = max_wait_s
        self._items: deque[Item] = deque()
        self._filled = threading.Condition()
        self._queued: dict[Reader, int] = {}
        self._refused: dict[Reader, int] = {}

    def opened(self, reader: Reader, geometry: StreamGeometry) -> None:
        """Queue the notice that a reader's outlet answered."""
        self._put(Opened(reader, geometry))

    def samples(
        self,
        reader: Reader,
        raw: NDArray[Any],
        timestamps_s: NDArray[np.float64],
        arrived_s: float,
        waiting_since_s: float,
    ) -> None:
        """Queue a chunk, or count its samples as dropped if the reader's share is full."""
        count = len(timestamps_s)
        with self._filled:
            queued = self._queued.get(reader, 0)
            if queued + count > max(reader.buffer_s * reader.rate_hz, count):
                self._refused[reader] = self._refused.get(reader, 0) + count
                return
            self._tell_refused(reader)
            self._queued[reader] = queued + count
            self._items.append(Samples(reader, raw, timestamps_s, arrived_s, waiting_since_s))
            self._filled.notify()

    def closed(self, reader: Reader, why: str) -> None:
        """Queue the notice that a reader ended."""
        with self._filled:
            self._tell_refused(reader)
        self._put(Closed(reader, why))

    def take(self, timeout_s: float, clock: Callable[[], float]) -> list[Item]:
        """Everything that is queued, in order; waits at most `timeout_s` for the first item.

        `clock` gives the time by which `arrived_s` is counted.
        """
        with self._filled:
            if not self._items:
                self._filled.wait(timeout_s)
            items = list(self._items)
            self._items.clear()
            self._queued.clear()
        return items if self._max_wait_s is None else without_late(items, clock() - self._max_wait_s)

    def _put(self, item: Item) -> None:
        with self._filled:
            self._items.append(item)
            self._filled.notify()

    def _tell_refused(self, reader: Reader) -> None:
        count = self._refused.pop(reader, 0)
        if count:
            self._items.append(Dropped(reader, count))


def without_late(items: Iterable[Item], oldest_s: float) -> list[Item]:
    """Replace the samples that have waited since before `oldest_s` by their number, one number for each run of them."""
    kept: list[Item] = []
    late: dict[Reader, int] = {}
    for item in items:
        reader = item.reader
        if isinstance(item, Samples) and item.waiting_since_s < oldest_s:
            late[reader] = late.get(reader, 0) + len(item.timestamps_s)
            continue
        if reader in late:
            kept.append(Dropped(reader, late.pop(reader)))
        kept.append(item)
    return kept + [Dropped(reader, count) for reader, count in late.items()]
