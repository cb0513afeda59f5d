"""Linear maps from codes, or from numbers, to what one wants to know; with a penalty chosen on subjects of their own.

M patches, G codes of a patch, F features, Y targets.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PENALTIES = (3.0, 30.0, 300.0, 3000.0)
_SWEEPS = 8


Probe = Callable[[NDArray[Any]], Floats]
"""Targets (M, Y) of inputs: codes (M, G), or features (M, F)."""


class EmbeddingProbe:
    """Each value of each code has a vector, and a patch is their sum: ridge regression on one-hot codes.

    It is the least squares solution with `penalty` on each vector, by sweeps over the codes. Values that were not
    among the fitted codes have the vector 0.
    """

    def __init__(self, codes: Ints, targets: Floats, sizes: Sequence[int], penalty: float) -> None:
        self._mean = targets.mean(axis=0)
        choices = [_one_hot(codes[:, g], size) for g, size in enumerate(sizes)]
        weights = [1 / (np.bincount(codes[:, g], minlength=size) + penalty) for g, size in enumerate(sizes)]
        self._vectors = [np.zeros((size, targets.shape[1]), np.float32) for size in sizes]
        left = (targets - self._mean).astype(np.float32)
        for _ in range(_SWEEPS):
            for g, choice in enumerate(choices):
                left += self._vectors[g][codes[:, g]]
                self._vectors[g] = (choice.T @ left) * weights[g][:, None].astype(np.float32)
                left -= self._vectors[g][codes[:, g]]

    def __call__(self, codes: Ints) -> Floats:
        """Targets (M, Y) of codes (M, G)."""
        told = [vectors[codes[:, g]] for g, vectors in enumerate(self._vectors)]
        found: Floats = self._mean + np.sum(told, axis=0, dtype=np.float64)
        return found


def _one_hot(values: Ints, size: int) -> sparse.csr_array:
    rows = np.arange(len(values) + 1)
    return sparse.csr_array((np.ones(len(values), np.float32), values, rows), shape=(len(values), size))


class RidgeProbe:
    """Ridge regression on standardised features."""

    def __init__(self, features: NDArray[np.floating], targets: Floats, penalty: float) -> None:
        self._centre, self._mean = features.mean(axis=0), targets.mean(axis=0)
        self._size = features.std(axis=0) + 1e-6
        x = (features - self._centre) / self._size
        square = (x.T @ x).astype(np.float64)
        square[np.diag_indices_from(square)] += penalty
        self._weights = np.linalg.solve(square, (x.T @ (targets - self._mean)).astype(np.float64))

    def __call__(self, features: NDArray[np.floating]) -> Floats:
        """Targets (M, Y) of features (M, F)."""
        found: Floats = (features - self._centre) / self._size @ self._weights + self._mean
        return found


def chosen(fit: Callable[[float], Probe], inputs: NDArray[Any], targets: Floats) -> Probe:
    """The probe, among penalties, with the least error on patches that it was not fitted to."""
    probes = [fit(penalty) for penalty in PENALTIES]
    errors = [float(((probe(inputs) - targets) ** 2).sum()) for probe in probes]
    return probes[int(np.argmin(errors))]


def explained(targets: Floats, told: Floats, *, centred: bool) -> Floats:
    """R² of each target (Y,): 1 - error over variance; over energy if not `centred`."""
    around = targets - targets.mean(axis=0) if centred else targets
    found: Floats = 1 - ((told - targets) ** 2).sum(axis=0) / np.maximum((around**2).sum(axis=0), 1e-12)
    return found
