"""Number vectors so that those one step of a digit apart are alike.

H vectors of P places each.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_ROUNDS = 20


def grid_order(vectors: NDArray[np.floating], levels: Sequence[int]) -> NDArray[np.int64]:
    """Which vector (H,) gets each number; the first digit is the least significant, the product of `levels` is H.

    Vectors are first sorted by their principal directions, digit by digit; then any two change places as long as that
    brings neighbours closer.
    """
    centred = vectors - vectors.mean(axis=0)
    directions = np.linalg.svd(centred, full_matrices=False)[2]
    grid = np.arange(len(vectors)).reshape(1, -1)
    for direction, count in zip(directions, levels, strict=False):
        by_size = np.take_along_axis(grid, np.argsort(centred[grid] @ direction, axis=1, kind="stable"), axis=1)
        grid = by_size.reshape(len(grid) * count, -1)
    # So far the first digit is the most significant.
    order = grid.reshape(levels).transpose(range(len(levels) - 1, -1, -1)).reshape(-1).astype(np.int64)
    return _swapped(order, ((centred[:, None] - centred[None]) ** 2).sum(axis=2), _adjacency(levels))


def _adjacency(levels: Sequence[int]) -> NDArray[np.float64]:
    """Matrix (H, H), 1 for numbers one step of one digit apart."""
    numbers = np.arange(int(np.prod(levels)))
    digits = np.stack([numbers // int(np.prod(levels[:place])) % count for place, count in enumerate(levels)])
    steps = np.abs(digits[:, :, None] - digits[:, None, :]).sum(axis=0)
    return np.asarray(steps == 1, np.float64)


def _swapped(
    order: NDArray[np.int64], distance: NDArray[np.floating], adjacent: NDArray[np.float64]
) -> NDArray[np.int64]:
    """The order after exchanges that reduce the sum of squared distances between neighbours."""
    for _ in range(_ROUNDS):
        changed = False
        for place in range(len(order)):
            between = distance[np.ix_(order, order)]
            # cost[p, q]: what the vector now at p would cost at q.
            cost = between @ adjacent
            now = np.diag(cost)
            gain = now[place] + now - cost[place] - cost[:, place] - 2 * adjacent[place] * between[place]
            other = int(gain.argmax())
            if gain[other] > 1e-9:
                order[[place, other]] = order[[other, place]]
                changed = True
        if not changed:
            break
    return order
