"""Where a sample counter begins anew: at a power of two, at a round number, or where it did so before."""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

_USUAL = (100, 101, 128, 129, 200, 201, 256, 1000, 10_000, 2**15, 2**16, 2**24, 2**31, 2**32)
"""Counts of a round in devices: 8, 16, 24, 32 bits, with and without a sign; decimal digits; 101, 129 and 201 because
some count from 0 to 100, 128 or 200."""
_SMALL = 1024
"""Rounds up to this length last some seconds; then a fall is rather a loss than a device that started again."""
_LARGE_SHARE, _SMALL_SHARE, _START_SHARE = 20, 2, 16
"""A fall is a new round with a loss if at most this part of a round is missing: of a large one or of one that is not
certain, of a small one; and if it leads beyond this part of a small round."""


class CountWraps:
    """Learn the length of a counter's round, and tell what is missing at a fall."""

    def __init__(self) -> None:
        self.modulus: int | None = None
        """Counts in a round, once certain."""
        self._lowest: int | None = None
        self._highest = 0
        self._odd_fall: tuple[int, int] | None = None
        """The last fall that was no new round."""

    def learn_from(self, steps: NDArray[np.float64]) -> None:
        """Take the first steps (N,) in counts; two equal falls among them show the length of a round."""
        falls = Counter(int(-step) for step in steps if step < 0)
        if falls and falls.most_common(1)[0][1] > 1:
            self.modulus = falls.most_common(1)[0][0] + 1

    def see(self, last: int, count: int) -> None:
        """Note `count` consecutive counts up to `last`; a round that is too short for them is forgotten."""
        self._highest = last if self._lowest is None else max(self._highest, last)
        first = last - count + 1
        self._lowest = first if self._lowest is None else min(self._lowest, first)
        if self.modulus is not None and self._highest - self._lowest >= self.modulus:
            self.modulus = None

    def is_known_wrap(self, last: int, now: int, age: int) -> bool:
        """Whether `now` is the next count after `last` and `age` unusable ones, in a new round of known length."""
        return self.modulus is not None and now == last + age + 1 - self.modulus

    def missing(self, last: int, now: int, age: int) -> int | None:
        """How many counts are missing between two that differ; None if the counter was set anew."""
        if now > last:
            return max(now - last - 1 - age, 0)
        fall = last - now
        if self.modulus is None and self._odd_fall == (last, now):
            self.modulus = fall + 1
        missing = self._in_new_round(fall, now, age)
        if missing is None:
            self._odd_fall = (last, now)
        return missing

    def _in_new_round(self, fall: int, now: int, age: int) -> int | None:
        known = self.modulus is not None
        for modulus in (self.modulus,) if self.modulus is not None else _USUAL:
            missing = modulus - fall - 1 - age
            if missing < 0 or modulus <= self._highest - (self._lowest or 0):
                continue
            part = _SMALL_SHARE if known and modulus <= _SMALL else _LARGE_SHARE
            goes_on = known and modulus <= _SMALL and now - (self._lowest or 0) >= modulus // _START_SHARE
            if missing <= modulus // part or goes_on:
                if missing == 0:
                    self.modulus = modulus
                return missing
        return None
