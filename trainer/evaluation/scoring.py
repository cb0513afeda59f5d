"""Figures of reconstructed patches with intervals over subjects: what a report states.

M patches, N samples in a patch, S groups of patches, D draws.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from trainer.evaluation.metrics import (
    band_errors,
    band_powers,
    log_spectral_distance_db,
    pearson,
    psnr_db,
    relative_error,
    ssim,
)

Floats = NDArray[np.float64]

DRAWS = 2000
COVERAGE = 0.95
_BLOCK = 20
"""Consecutive patches that are drawn together where a set has one subject."""


@dataclass(frozen=True)
class PatchSet:
    """Loud patches of one data set and source rate."""

    data_set: str
    side: str
    rate_hz: float
    """Of the source, as the model is told."""
    sampled_hz: float
    """Of the patches' samples."""
    patches_uv: NDArray[np.float32]
    """(M, N)"""
    subjects: NDArray[np.str_]
    """(M,)"""
    is_own: bool = True
    """At the recordings' own rate, not that of an imitated device."""

    @property
    def name(self) -> str:
        """As tables call it."""
        return f"{self.data_set} {self.rate_hz:g} Hz"

    @property
    def n_subjects(self) -> int:
        """How many people these patches are of."""
        return len(set(self.subjects.tolist()))

    @property
    def groups(self) -> NDArray[np.int64]:
        """Groups (M,) to draw: subjects, or blocks of consecutive patches of a single one."""
        if self.n_subjects == 1:
            return np.arange(len(self.subjects), dtype=np.int64) // _BLOCK
        return np.unique(self.subjects, return_inverse=True)[1].astype(np.int64)


def interval(
    over: Floats, under: Floats, groups: NDArray[np.int64], transform: Callable[[Floats], Floats], seed: int = 0
) -> tuple[float, float]:
    """95 % of transform(sum over / sum under), groups of patches (M,) drawn with replacement.

    Efron, Tibshirani: An Introduction to the Bootstrap, 1993; the percentile interval.
    """
    draws = drawn(groups, seed)
    totals = transform((draws @ _sums(over, groups)) / (draws @ _sums(under, groups)))
    low, high = np.quantile(totals, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    return float(low), float(high)


def drawn(groups: NDArray[np.int64], seed: int = 0) -> Floats:
    """How often each of S groups is in each of D draws: (D, S). The same groups and seed give the same draws."""
    count = int(groups.max()) + 1
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(count, np.full(count, 1 / count), size=DRAWS)
    return draws.astype(np.float64)


def _sums(values: Floats, groups: NDArray[np.int64]) -> Floats:
    return np.bincount(groups, weights=values, minlength=int(groups.max()) + 1).astype(np.float64)


def _identity(values: Floats) -> Floats:
    return values


def score(patch_set: PatchSet, decoded_uv: NDArray[np.floating]) -> dict[str, Any]:
    """All figures of reconstructions (M, N), by the formulas of docs/reference/metrics.md."""
    x = torch.from_numpy(patch_set.patches_uv.astype(np.float64))
    y = torch.from_numpy(np.ascontiguousarray(decoded_uv, dtype=np.float64))
    groups = patch_set.groups
    ones = np.ones(len(groups))
    relative, r = relative_error(x, y).numpy(), pearson(x, y).numpy()
    distance_db = log_spectral_distance_db(x, y, patch_set.sampled_hz).numpy()
    error = y - x
    nrmse = float(np.sqrt(relative.mean()))
    return {
        "patches": len(groups),
        "subjects": patch_set.n_subjects,
        "nrmse": nrmse,
        "nrmse_interval": interval(relative, ones, groups, np.sqrt),
        "nrmse_median": float(np.median(np.sqrt(relative))),
        "nrmse_by_subject": _by_subject(relative, patch_set.subjects),
        "prd_percent": 100 * float(torch.sqrt((error**2).sum() / (x**2).sum())),
        "snr_db": float(-20 * np.log10(nrmse)) if nrmse > 0 else None,
        "psnr_db": float(psnr_db(x, y).mean()),
        "mae_uv": float(error.abs().mean()),
        "rmse_uv": float(torch.sqrt((error**2).mean())),
        "ssim": float(ssim(x, y).mean()),
        "r": float(r.mean()),
        "r_interval": interval(r, ones, groups, _identity),
        "r_quantile_5": float(np.quantile(r, 0.05)),
        "lsd_db": float(distance_db.mean()),
        "lsd_interval": interval(distance_db, ones, groups, _identity),
        "band_error": band_errors(x, y, patch_set.sampled_hz),
        "band_power": band_powers(x, y, patch_set.sampled_hz),
    }


def nrmse_of(x_uv: NDArray[np.floating], y_uv: NDArray[np.floating]) -> float:
    """NRMSE of reconstructions (M, N): root of the mean over patches of error energy over patch energy."""
    x = x_uv.astype(np.float64)
    return float(np.sqrt((((y_uv - x) ** 2).sum(axis=1) / (x**2).sum(axis=1)).mean()))


def rounded(value: Any) -> Any:
    """A tree of plain values, each number to five significant digits."""
    if isinstance(value, Mapping):
        return {key: rounded(own) for key, own in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(own) for own in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value


def _by_subject(relative: Floats, subjects: NDArray[np.str_]) -> dict[str, float]:
    return {str(who): float(np.sqrt(relative[subjects == who].mean())) for who in np.unique(subjects)}


def gain_over(
    patch_set: PatchSet, decoded_uv: NDArray[np.floating], reference_uv: NDArray[np.floating]
) -> dict[str, Any]:
    """By how much NRMSE is smaller than that of a reference: share, interval over the same draws, every subject."""
    x = torch.from_numpy(patch_set.patches_uv.astype(np.float64))
    own, other = (
        relative_error(x, torch.from_numpy(np.ascontiguousarray(y, dtype=np.float64))).numpy()
        for y in (decoded_uv, reference_uv)
    )
    groups = patch_set.groups

    def gained(ratio: Floats) -> Floats:
        return 1 - np.sqrt(ratio)

    mine, theirs = _by_subject(own, patch_set.subjects), _by_subject(other, patch_set.subjects)
    return {
        "gain": float(gained(np.array(own.sum() / other.sum()))),
        "interval": interval(own, other, groups, gained),
        "by_subject": {who: 1 - mine[who] / theirs[who] for who in mine},
    }
