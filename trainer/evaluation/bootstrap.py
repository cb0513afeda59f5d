"""Intervals over subjects: groups of windows drawn with replacement.

Efron, Tibshirani: An Introduction to the Bootstrap, 1993; the percentile interval.

M windows, S groups of windows, D draws.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DRAWS = 2000
COVERAGE = 0.95


def interval(
    over: Floats, under: Floats, groups: NDArray[np.int64], transform: Callable[[Floats], Floats], seed: int = 0
) -> tuple[float, float]:
    """95 % of transform(sum over / sum under), groups of patches (M,) drawn with replacement."""
    draws = drawn(groups, seed)
    totals = transform((draws @ _sums(over, groups)) / (draws @ _sums(under, groups)))
    low, high = np.quantile(totals, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    return float(low), float(high)


def drawn(groups: NDArray[np.int64], seed: int = 0) -> Floats:
    """Count of each of S groups in each of D draws: (D, S). The same groups and seed give the same draws."""
    count = int(groups.max()) + 1
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(count, np.full(count, 1 / count), size=DRAWS)
    return draws.astype(np.float64)


def _sums(values: Floats, groups: NDArray[np.int64]) -> Floats:
    return np.bincount(groups, weights=values, minlength=int(groups.max()) + 1).astype(np.float64)
