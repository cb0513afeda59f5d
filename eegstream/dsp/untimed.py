"""Keep the samples of a stream until they have times.

C channels, T samples in a chunk.
"""

from collections import deque

import numpy as np
from numpy.typing import NDArray


class Untimed:
    """Samples that the timeline has not decided yet, with their arrivals."""

    def __init__(self) -> None:
        self._chunks: deque[tuple[NDArray[np.float64], float]] = deque()

    def put(self, x: NDArray[np.float64], arrived_s: float) -> None:
        """Take a chunk (C, T) that arrived at `arrived_s`."""
        self._chunks.append((x, arrived_s))

    def take(self, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The oldest `count` samples (C, count), `count` > 0, with their arrivals (count,)."""
        parts, arrivals = [], []
        while count:
            x, arrived_s = self._chunks.popleft()
            if x.shape[1] > count:
                self._chunks.appendleft((x[:, count:], arrived_s))
                x = x[:, :count]
            count -= x.shape[1]
            parts.append(x)
            arrivals.append(np.full(x.shape[1], arrived_s))
        return np.concatenate(parts, axis=1), np.concatenate(arrivals)
