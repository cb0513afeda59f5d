"""Keep the newest rows of a growing array, by their position since the start.

T rows in a chunk.
"""

from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.generic)

_FEWEST = 64


class History(Generic[Number]):
    """Rows from position `start` to `stop`, each of shape `row`, one after another in memory.

    To add and to forget rows costs the same, however many are kept.
    """

    def __init__(self, row: tuple[int, ...], dtype: type[Number], start: int = 0) -> None:
        self._rows = np.empty((_FEWEST, *row), dtype)
        self._first = 0
        """Place of the row at `start`."""
        self.start = self.stop = start

    def push(self, rows: NDArray[Number]) -> None:
        """Take the next rows (T, ...)."""
        end = self._first + self.stop - self.start
        if end + len(rows) > len(self._rows):
            end = self._make_room(len(rows))
        self._rows[end : end + len(rows)] = rows
        self.stop += len(rows)

    def between(self, start: int, stop: int) -> NDArray[Number]:
        """The rows from position `start` to `stop`, as a view that holds until the next `push`."""
        return self._rows[self._first + start - self.start : self._first + stop - self.start]

    def forget_before(self, position: int) -> None:
        """Keep only the rows from `position` on."""
        spare = min(max(position - self.start, 0), self.stop - self.start)
        self._first += spare
        self.start += spare

    def _make_room(self, count: int) -> int:
        """Move the kept rows to the front of an array that takes `count` more, and as many again; return their end."""
        kept = self.between(self.start, self.stop)
        needed = len(kept) + count
        rows = self._rows
        if 2 * needed > len(rows):
            rows = np.empty((2 * needed, *rows.shape[1:]), rows.dtype)
        rows[: len(kept)] = kept
        self._rows, self._first = rows, 0
        return len(kept)
