"""Transform coding, the baseline of every codec: fitted to the same training patches, at the same number of bits.

M patches, N samples in a patch, K coefficients, L levels of one of them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.quantisation.lloyd_max import allocate, distortion_curve, lloyd_max, quantise

Floats = NDArray[np.float64]

GAIN_BITS = 6
_LOW_UV, _HIGH_UV = 0.25, 1000.0
_CURVE_SAMPLES = 200_000
_CURVE_COEFFICIENTS = 48
_MOST = 160
"""Largest number of coded coefficients; at these rates further ones never get levels."""


def gains_uv(patches_uv: NDArray[np.floating]) -> Floats:
    """Root mean square (M, 1) of patches (M, N), rounded to 64 steps of a logarithmic grid from 0.25 to 1000 µV."""
    rms_uv = np.sqrt((patches_uv.astype(np.float64) ** 2).mean(axis=1, keepdims=True))
    steps = (1 << GAIN_BITS) - 1
    log_step = np.log(_HIGH_UV / _LOW_UV) / steps
    step = np.round(np.log(np.maximum(rms_uv, 1e-9) / _LOW_UV) / log_step)
    gain_uv: Floats = _LOW_UV * np.exp(np.clip(step, 0, steps) * log_step)
    return gain_uv


def karhunen_loeve(patches: NDArray[np.floating]) -> tuple[Floats, Floats]:
    """Variances (N,), largest first, and the orthonormal directions (N, N) in columns, of patches (M, N)."""
    x = patches.astype(np.float64)
    variances, directions = np.linalg.eigh(x.T @ x / len(x))
    return variances[::-1].copy(), directions[:, ::-1].copy()


@dataclass(frozen=True)
class TransformCoder:
    """KLT, a Lloyd-Max table for each coefficient, whole levels by water-filling; with or without a gain.

    A gain takes 6 of the bits; the patch is divided by its rounded value.
    """

    bits: int
    has_gain: bool
    directions: Floats
    """(N, K)"""
    tables: tuple[Floats, ...]
    """K tables (L,)."""

    @classmethod
    def fit(cls, patches_uv: NDArray[np.floating], bits: int, *, has_gain: bool) -> "TransformCoder":
        """The coder of these `bits`, fitted to patches (M, N)."""
        shape = patches_uv / gains_uv(patches_uv) if has_gain else patches_uv
        variances, directions = karhunen_loeve(shape)
        variances, directions = variances[:_MOST], directions[:, :_MOST]
        z = shape @ directions
        unit = (z[:, :_CURVE_COEFFICIENTS] / np.sqrt(variances[:_CURVE_COEFFICIENTS])).ravel()
        curve = distortion_curve(unit[:: max(1, len(unit) // _CURVE_SAMPLES)])
        levels = allocate(variances, bits - (GAIN_BITS if has_gain else 0), curve)
        coded = np.flatnonzero(levels > 1)
        tables = tuple(lloyd_max(np.sort(z[:, k]), int(levels[k])) for k in coded)
        return cls(bits, has_gain, directions[:, coded], tables)

    def __call__(self, patches_uv: NDArray[np.floating]) -> Floats:
        """Reconstruction of patches (M, N)."""
        gain_uv = gains_uv(patches_uv) if self.has_gain else np.ones((len(patches_uv), 1))
        z = (patches_uv / gain_uv) @ self.directions
        for k, table in enumerate(self.tables):
            z[:, k] = table[quantise(z[:, k], table)]
        decoded: Floats = (z @ self.directions.T) * gain_uv
        return decoded


def mean_predictor(patches_uv: NDArray[np.floating]) -> Floats:
    """Each patch's own mean, as if it cost nothing: a check of the metrics, which must say that it is worth little."""
    return np.broadcast_to(patches_uv.astype(np.float64).mean(axis=1, keepdims=True), patches_uv.shape).copy()


@dataclass(frozen=True)
class EntropyCoder:
    """KLT, one uniform step for all coefficients with a dead zone, ideal entropy coding: a variable rate.

    Cells are decoded to the mean of the training coefficients in them. Bits are counted as the cross-entropy of what is
    coded under the training patches' histograms, so that what these do not foresee costs.
    """

    has_gain: bool
    directions: Floats
    """(N, K)"""
    step: float
    values: Floats
    """(cells, K)"""
    price_bits: Floats
    """(cells, K)"""

    @classmethod
    def fit(cls, patches_uv: NDArray[np.floating], bits: float, *, has_gain: bool) -> "EntropyCoder":
        """The coder that spends these `bits` on the patches (M, N) it is fitted to."""
        shape = patches_uv / gains_uv(patches_uv) if has_gain else patches_uv
        variances, directions = karhunen_loeve(shape)
        directions = directions[:, :_MOST_COEFFICIENTS]
        z = shape @ directions
        some = z[:: max(1, len(z) // _STEP_PATCHES)]
        room = bits - (GAIN_BITS if has_gain else 0)
        low, high = 0.02 * np.sqrt(variances[0]), 6 * np.sqrt(variances[0])
        for _ in range(16):
            step = float(np.sqrt(low * high))
            spent = _spent(_cells(some, step), _tables(some, step)[1])
            low, high = (step, high) if spent > room else (low, step)
        return cls(has_gain, directions, float(high), *_tables(z, float(high)))

    def __call__(self, patches_uv: NDArray[np.floating]) -> tuple[Floats, float]:
        """What comes back of patches (M, N), and the mean number of bits that it took."""
        gain_uv = gains_uv(patches_uv) if self.has_gain else np.ones((len(patches_uv), 1))
        cells = _cells((patches_uv / gain_uv) @ self.directions, self.step)
        decoded = np.take_along_axis(self.values, cells, axis=0) @ self.directions.T * gain_uv
        return decoded, _spent(cells, self.price_bits) + (GAIN_BITS if self.has_gain else 0)


_MOST_COEFFICIENTS = 192
_STEP_PATCHES = 6000
_WIDEST = 40
_DEAD = 0.6
"""A coefficient below so many steps is zero."""
_UNSEEN = 0.02
"""What a cell that training did not fill counts."""


def _tables(z: Floats, step: float) -> tuple[Floats, Floats]:
    """Value and price in bits (cells, K) of every cell of coefficients (M, K)."""
    cells = _cells(z, step)
    width = 2 * _WIDEST + 1
    middle = (np.arange(width) - _WIDEST) * step
    values, price_bits = np.empty((width, z.shape[1])), np.empty((width, z.shape[1]))
    for k in range(z.shape[1]):
        counts = np.bincount(cells[:, k], minlength=width)
        sums = np.bincount(cells[:, k], weights=z[:, k], minlength=width)
        values[:, k] = np.where(counts > 0, sums / np.maximum(counts, 1), middle)
        price_bits[:, k] = -np.log2((counts + _UNSEEN) / (counts + _UNSEEN).sum())
    return values, price_bits


def _spent(cells: NDArray[np.int64], price_bits: Floats) -> float:
    return float(np.take_along_axis(price_bits, cells, axis=0).sum(axis=1).mean())


def _cells(z: Floats, step: float) -> NDArray[np.int64]:
    index = np.sign(z) * np.floor(np.abs(z) / step + 1 - _DEAD)
    cells: NDArray[np.int64] = np.clip(index, -_WIDEST, _WIDEST).astype(np.int64) + _WIDEST
    return cells


def reverse_water_filling(patches_uv: NDArray[np.floating], bits: float) -> float:
    """NRMSE of the rate-distortion function of a Gaussian source with these patches' own KLT, their gains given.

    No bound for these patches, which are not Gaussian; a line to compare with. Kolmogorov, 1956.
    """
    variances, _ = karhunen_loeve(patches_uv / gains_uv(patches_uv))
    variances = np.maximum(variances, 1e-12)
    low, high = 1e-12, float(variances[0])
    level = high
    for _ in range(200):
        level = float(np.sqrt(low * high))
        rate = 0.5 * float(np.log2(np.maximum(variances / level, 1)).sum())
        low, high = (level, high) if rate > bits - GAIN_BITS else (low, level)
    return float(np.sqrt(np.minimum(variances, level).sum() / variances.sum()))
