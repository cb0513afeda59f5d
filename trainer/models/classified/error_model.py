"""The error of the trellis quantiser by bits and by size of a coefficient, and the allocation of bits by it.

T steps, W lanes, n coefficients, K classes, R bits.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.models.classified.trellis import HIGHEST_RATE, Trellis, dealt, middle_cell
from trainer.quantisation.lloyd_max import lloyd_max

Floats = NDArray[np.float64]

_LOST = np.array([1.0, 0.31, 0.0885, 0.0246, 0.0064, 0.0017, 0.0005])
"""Error of a Gaussian coefficient of unit variance at R bits, with 16 states (measured)."""


class ErrorModel:
    """Squared error of a coefficient of unit variance as a function of its size: floor + max(|u| - knee, 0)^2, by rate.

    Fitted to the trellis on Gaussian coefficients.
    """

    def __init__(self, levels: NDArray[np.float32], states: int) -> None:
        self.lost = _LOST
        self.floor, self.knee = np.zeros(HIGHEST_RATE + 1), np.zeros(HIGHEST_RATE + 1)
        u = torch.randn(48, 1500, generator=torch.Generator().manual_seed(1))
        trellis = Trellis(states, levels)
        size = u.abs().numpy().ravel()
        for rate in range(1, HIGHEST_RATE + 1):
            error = _errors(trellis, u, rate)
            best = math.inf
            for knee in np.linspace(0.2, 6, 59):
                beyond = np.maximum(size - knee, 0) ** 2
                floor = max(float((error - beyond).mean()), 1e-6)
                misfit = float(((error - beyond - floor) ** 2).mean())
                if misfit < best:
                    best, self.floor[rate], self.knee[rate] = misfit, floor, knee


def _errors(trellis: Trellis, u: Tensor, rate: int) -> Floats:
    """Squared error of every value of u (T, W), quantised along the trellis at one rate."""
    lanes = torch.arange(u.shape[1])
    middle = int(middle_cell(np.array(rate)))
    cell = trellis.cell(u, torch.full(u.shape, middle, dtype=torch.int32))
    _, last, choices = trellis.walk(trellis.errors(u, cell, torch.ones_like(u)))
    _, subset = trellis.trace(choices, last, lanes)
    value = trellis.levels[subset, rate, trellis.level_in(subset, cell)]
    return (value - u).square().double().numpy().ravel()


def share_bits(variances: Floats, bits: int, lost: Floats) -> NDArray[np.int64]:
    """Whole bits (K, n) for coefficients of these variances (K, n), `bits` in each row, by greatest error reduction.

    `lost` (R + 1,) is the error of each number of bits for unit variance. The result is optimal if it is convex.
    """
    rows, n = variances.shape
    gain = (variances[:, :, None] * (lost[:-1] - lost[1:])).reshape(rows, -1)
    best = np.argpartition(-gain, bits - 1, axis=1)[:, :bits]
    taken = np.zeros(gain.shape, bool)
    np.put_along_axis(taken, best, values=True, axis=1)
    shared: NDArray[np.int64] = taken.reshape(rows, n, -1).sum(axis=2)
    return shared


def gaussian_levels() -> NDArray[np.float32]:
    """Initial levels: Lloyd-Max codebooks of a Gaussian, a little narrower, since paths use outer levels less often."""
    samples = np.sort(np.random.default_rng(0).standard_normal(200_000))
    first = np.array([-1.19, -0.37, 0.37, 1.19])
    return dealt([first, *(0.97 * lloyd_max(samples, 1 << (rate + 1)) for rate in range(2, HIGHEST_RATE + 1))])
