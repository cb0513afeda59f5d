"""Scalar quantisers of least squared error, and the allocation of bits to them.

Lloyd: Least Squares Quantization in PCM, 1957/1982; Max: Quantizing for Minimum Distortion, 1960. Greedy allocation of
whole levels: Fox: Discrete Optimization via Marginal Analysis, 1966.

S samples, L levels, K coefficients.
"""

import heapq
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEVELS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 64, 96)
"""Possible numbers of levels of a coefficient."""
_ROUNDS = 60
_SETTLED = 1e-5


def lloyd_max(samples: Floats, levels: int) -> Floats:
    """The ascending table (L,) that quantises sorted `samples` (S,) with least squared error.

    With fewer than `levels` distinct samples, values repeat in the table.
    """
    below = np.concatenate([[0.0], np.cumsum(samples)])
    table = 1.2 * np.quantile(samples, (np.arange(levels) + 0.5) / levels)
    for _ in range(_ROUNDS):
        edges = _edges(samples, table)
        counts = np.diff(edges)
        means = np.where(counts > 0, (below[edges[1:]] - below[edges[:-1]]) / np.maximum(counts, 1), table)
        moved = float(np.abs(means - table).max())
        table = np.sort(means)
        if moved < _SETTLED * float(samples[-1] - samples[0]):
            break
    return table


def quantise(samples: NDArray[np.floating], table: Floats) -> NDArray[np.intp]:
    """Index of the nearest value of a table (L,) for every sample."""
    return np.searchsorted(0.5 * (table[1:] + table[:-1]), samples)


def distortion_curve(samples: Floats, levels: Sequence[int] = LEVELS) -> Floats:
    """Mean squared error of the best table for each number of levels, divided by the samples' power."""
    ordered = np.sort(samples)
    power = float((ordered**2).mean())
    errors = []
    for number in levels:
        table = lloyd_max(ordered, number)
        errors.append(float(((ordered - table[quantise(ordered, table)]) ** 2).mean()) / power)
    return np.array(errors)


def allocate(variances: Floats, bits: float, curve: Floats, levels: Sequence[int] = LEVELS) -> NDArray[np.int64]:
    """Levels (K,) for coefficients of these variances (K,), sum(log2 levels) <= bits, by greatest error reduction.

    `curve` is the error of each number of levels for unit variance.
    """
    chosen = np.zeros(len(variances), np.int64)
    cost = np.diff(np.log2(levels))
    gain = -np.diff(curve)
    waiting = [(-variance * gain[0] / cost[0], index) for index, variance in enumerate(variances)]
    heapq.heapify(waiting)
    left = bits + 1e-9
    while waiting:
        _, index = heapq.heappop(waiting)
        step = chosen[index]
        if cost[step] > left:
            continue
        left -= cost[step]
        chosen[index] = step + 1
        if step + 1 < len(cost):
            heapq.heappush(waiting, (-variances[index] * gain[step + 1] / cost[step + 1], index))
    return np.array(levels)[chosen]


def _edges(samples: Floats, table: Floats) -> NDArray[np.intp]:
    """Indices (L + 1,) in sorted samples at which the cells of a table (L,) begin and end."""
    inner = np.searchsorted(samples, 0.5 * (table[1:] + table[:-1]))
    return np.concatenate([[0], inner, [len(samples)]])
