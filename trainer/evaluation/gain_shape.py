"""A gain-shape vector quantiser, the baseline of codecs that have one code for a patch.

A code is a gain, a sign and one of many shapes; it has as many values as the codec's code. Shapes are found by k-means
on patches of unit energy, where a patch and its negative count as the same. Gersho, Gray: Vector Quantization and
Signal Compression, 1992, chapters 11 and 12.

M patches, N samples in a patch, K coefficients, S shapes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.evaluation.transform_coding import Floats, karhunen_loeve

GAINS = 16
MOST_BITS = 17
"""Beyond this number of bits the shapes are too many to be found by k-means."""
_LOW_UV, _HIGH_UV = 1.0, 500.0
_COEFFICIENTS = 96
"""Directions of most energy in which shapes are searched; all others are decoded to zero."""
_FIT_PATCHES = 60_000
_ROUNDS = 14
_ROWS = 4096
_FEW = 2
"""A shape with fewer patches is replaced by one of the patches, with this size:"""
_NEW_SIZE = 0.6


@dataclass(frozen=True)
class GainShapeCoder:
    """Gain, sign and shape with the least error of each patch together."""

    directions: Floats
    """(N, K), orthonormal columns."""
    shapes: Floats
    """(S, K), each the mean of unit patches."""

    @classmethod
    def fit(cls, patches_uv: NDArray[np.floating], bits: float) -> "GainShapeCoder":
        """The coder whose code has at most 2^bits values, fitted to at most 60 000 of the patches (M, N).

        Raises:
            ValueError: more than 17 bits, or so few that there is no shape.
        """
        count = int(2**bits / (2 * GAINS) + 1e-6)
        if bits > MOST_BITS or count < 1:
            raise ValueError(f"bits is {bits:g}, expected {np.log2(2 * GAINS):g} to {MOST_BITS}")
        some = patches_uv[:: max(1, len(patches_uv) // _FIT_PATCHES)].astype(np.float64)
        unit = some / np.sqrt((some**2).sum(axis=1, keepdims=True))
        directions = karhunen_loeve(unit)[1][:, :_COEFFICIENTS]
        return cls(directions, _shapes((unit @ directions).astype(np.float32), count))

    def __call__(self, patches_uv: NDArray[np.floating]) -> Floats:
        """Reconstruction of patches (M, N)."""
        return np.concatenate([self._decoded(part) for part in _parts(patches_uv)])

    def _decoded(self, patches_uv: NDArray[np.floating]) -> Floats:
        length = np.sqrt(patches_uv.shape[1])
        gains = np.geomspace(_LOW_UV, _HIGH_UV, GAINS) * length
        across = patches_uv.astype(np.float64) @ self.directions @ self.shapes.T
        power = (self.shapes**2).sum(axis=1)
        size = np.abs(across)
        nearest = np.searchsorted(np.sqrt(gains[1:] * gains[:-1]), size / power)
        # The error is a parabola in the gain, which is not symmetric on a logarithmic grid: both neighbours are tried.
        tried = np.stack([gains[np.clip(nearest + step, 0, GAINS - 1)] for step in (-1, 0, 1)])
        error = tried * (tried * power - 2 * size)
        row = np.arange(len(across))
        shape = error.min(axis=0).argmin(axis=1)
        step = error[:, row, shape].argmin(axis=0)
        chosen = tried[step, row, shape] * np.sign(across[row, shape])
        decoded: Floats = (self.shapes[shape] * chosen[:, None]) @ self.directions.T
        return decoded


def _shapes(unit: NDArray[np.float32], count: int) -> Floats:
    """Means (S, K) of clusters of unit patches (M, K), each with the sign that it has in its cluster."""
    rng = np.random.default_rng(0)
    shapes = _NEW_SIZE * unit[rng.choice(len(unit), count, replace=len(unit) < count)]
    for _ in range(_ROUNDS):
        sums, members = np.zeros(shapes.shape), np.zeros(count)
        power = (shapes**2).sum(axis=1)
        for part in _parts(unit):
            across = part @ shapes.T
            nearest = (power - 2 * np.abs(across)).argmin(axis=1)
            signed = part * np.sign(across[np.arange(len(part)), nearest])[:, None]
            np.add.at(sums, nearest, signed)
            members += np.bincount(nearest, minlength=count)
        empty = members < _FEW
        shapes = (sums / np.maximum(members, 1)[:, None]).astype(np.float32)
        shapes[empty] = _NEW_SIZE * unit[rng.choice(len(unit), int(empty.sum()))]
    return shapes.astype(np.float64)


def _parts(rows: NDArray[np.floating]) -> list[NDArray[np.floating]]:
    """At most so many rows at a time, for products with all shapes."""
    return np.split(rows, range(_ROWS, len(rows), _ROWS))
