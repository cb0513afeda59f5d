"""Keep the samples of a stream until they have times.

C channels, T samples in a chunk.
"""

from collections import deque

import numpy as np
from numpy.typing import NDArray

Arrivals = float | NDArray[np.float64]
"""When samples arrived: one time for all of a chunk, or one for each (T,)."""


def some_of(arrived_s: Arrivals, part: slice) -> Arrivals:
    """The arrivals of a part of a chunk."""
    return arrived_s[part] if isinstance(arrived_s, np.ndarray) else arrived_s


class Untimed:
    """Samples that the timeline has not decided yet, with their arrivals."""

    def __init__(self) -> None:
        self._chunks: deque[tuple[NDArray[np.float64], Arrivals]] = deque()

    def put(self, x: NDArray[np.float64], arrived_s: Arrivals) -> None:
        """Take a chunk (C, T) that arrived at `arrived_s`."""
        self._chunks.append((x, arrived_s))

    def take(self, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The oldest `count` samples (C, count), `count` > 0, with their arrivals (count,)."""
        parts, arrivals = [], []
        while count:
            x, arrived_s = self._chunks.popleft()
            if x.shape[1] > count:
                self._chunks.appendleft((x[:, count:], some_of(arrived_s, slice(count, None))))
                x, arrived_s = x[:, :count], some_of(arrived_s, slice(count))
            count -= x.shape[1]
            parts.append(x)
            arrivals.append(np.full(x.shape[1], arrived_s))
        return np.concatenate(parts, axis=1), np.concatenate(arrivals)
