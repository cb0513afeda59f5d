"""Figures of reconstructed patches with intervals over subjects: what a report states.

M patches, N samples in a patch.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from trainer.evaluation.bootstrap import interval
from trainer.evaluation.heldout_windows import HeldOutWindows
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


def _identity(values: Floats) -> Floats:
    return values


def score(patch_set: HeldOutWindows, decoded_uv: NDArray[np.floating]) -> dict[str, Any]:
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
    patch_set: HeldOutWindows, decoded_uv: NDArray[np.floating], reference_uv: NDArray[np.floating]
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
