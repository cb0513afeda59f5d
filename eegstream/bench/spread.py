"""Medians and tails of times."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Spread:
    """How times are distributed, in milliseconds; percentiles with linear interpolation."""

    count: int
    median_ms: float
    p95_ms: float
    p99_ms: float
    longest_ms: float

    @classmethod
    def of(cls, times_s: Sequence[float] | NDArray[np.float64]) -> "Spread":
        """The spread of times in seconds.

        Raises:
            ValueError: there are none.
        """
        times_ms = np.asarray(times_s, np.float64) * 1000
        if not times_ms.size:
            raise ValueError("got no times, expected one or more")
        return cls(times_ms.size, *map(float, np.percentile(times_ms, [50, 95, 99, 100])))
