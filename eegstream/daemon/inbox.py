"""The bounded queue between the readers' threads and the worker thread.

A channels of a source, n samples in a chunk.
"""

import threading
from collections import deque
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


@dataclass(frozen=True)
class Dropped:
    """Samples of a reader were dropped because its share of the queue was full."""

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

    Samples that do not fit are counted; the count takes their place in the queue.
    """

    def __init__(self) -> None:
        self._items: deque[Item] = deque()
        self._filled = threading.Condition()
        self._queued: dict[Reader, int] = {}
        self._refused: dict[Reader, int] = {}

    def opened(self, reader: Reader, geometry: StreamGeometry) -> None:
        """Queue the notice that a reader's outlet answered."""
        self._put(Opened(reader, geometry))

    def samples(self, reader: Reader, raw: NDArray[Any], timestamps_s: NDArray[np.float64], arrived_s: float) -> None:
        """Queue a chunk, or count its samples as dropped if the reader's share is full."""
        count = len(timestamps_s)
        with self._filled:
            queued = self._queued.get(reader, 0)
            if queued + count > max(reader.buffer_s * reader.rate_hz, count):
                self._refused[reader] = self._refused.get(reader, 0) + count
                return
            self._tell_refused(reader)
            self._queued[reader] = queued + count
            self._items.append(Samples(reader, raw, timestamps_s, arrived_s))
            self._filled.notify()

    def closed(self, reader: Reader, why: str) -> None:
        """Queue the notice that a reader ended."""
        with self._filled:
            self._tell_refused(reader)
        self._put(Closed(reader, why))

    def take(self, timeout_s: float) -> list[Item]:
        """Everything that is queued, in order; waits at most `timeout_s` for the first item."""
        with self._filled:
            if not self._items:
                self._filled.wait(timeout_s)
            items = list(self._items)
            self._items.clear()
            self._queued.clear()
        return items

    def _put(self, item: Item) -> None:
        with self._filled:
            self._items.append(item)
            self._filled.notify()

    def _tell_refused(self, reader: Reader) -> None:
        count = self._refused.pop(reader, 0)
        if count:
            self._items.append(Dropped(reader, count))
