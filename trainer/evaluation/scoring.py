"""Score reconstructed windows: every metric, with intervals over subjects.

M windows, N samples in a window.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.evaluation.bootstrap import interval
from trainer.evaluation.heldout_windows import HeldOutWindows
from trainer.evaluation.metrics import (
    band_errors,
    band_powers,
    log_spectral_distance_db,
    nrmse,
    pearson,
    pooled_nrmse,
    psnr_db,
    relative_error,
    snr_db,
    ssim,
)

Floats = NDArray[np.float64]


def _identity(values: Floats) -> Floats:
    return values


def score(windows: HeldOutWindows, decoded_uv: NDArray[np.floating]) -> dict[str, Any]:
    """All metrics of reconstructions (M, N), by the formulas of docs/reference/metrics.md."""
    x, y = _tensor(windows.patches_uv), _tensor(decoded_uv)
    groups = windows.groups
    ones = np.ones(len(groups))
    relative, r = relative_error(x, y), pearson(x, y)
    distance_db = log_spectral_distance_db(x, y, windows.sampled_hz)
    error = y - x
    return {
        "patches": len(groups),
        "subjects": windows.n_subjects,
        "nrmse": float(nrmse(relative)),
        "nrmse_interval": interval(relative.numpy(), ones, groups, np.sqrt),
        "nrmse_median": float(np.median(relative.sqrt().numpy())),
        "nrmse_by_subject": _by_subject(relative, windows.subjects),
        "prd_percent": 100 * float(pooled_nrmse(x, y)),
        "snr_db": float(snr_db(x, y).mean()),
        "psnr_db": float(psnr_db(x, y).mean()),
        "mae_uv": float(error.abs().mean()),
        "rmse_uv": float((error**2).mean().sqrt()),
        "ssim": float(ssim(x, y).mean()),
        "r": float(r.mean()),
        "r_interval": interval(r.numpy(), ones, groups, _identity),
        "r_quantile_5": float(np.quantile(r.numpy(), 0.05)),
        "lsd_db": float(distance_db.mean()),
        "lsd_interval": interval(distance_db.numpy(), ones, groups, _identity),
        "band_error": band_errors(x, y, windows.sampled_hz),
        "band_power": band_powers(x, y, windows.sampled_hz),
    }


def _tensor(samples_uv: NDArray[np.floating]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(samples_uv, dtype=np.float64))


def nrmse_of(x_uv: NDArray[np.floating], y_uv: NDArray[np.floating]) -> float:
    """NRMSE of reconstructions (M, N) as arrays."""
    return float(nrmse(relative_error(_tensor(x_uv), _tensor(y_uv))))


def gain_over(
    windows: HeldOutWindows, decoded_uv: NDArray[np.floating], reference_uv: NDArray[np.floating]
) -> dict[str, Any]:
    """Relative reduction of NRMSE against a reference: of all, its interval over the same draws, and by subject."""
    x = _tensor(windows.patches_uv)
    own, other = relative_error(x, _tensor(decoded_uv)), relative_error(x, _tensor(reference_uv))

    def gained(ratio: Floats) -> Floats:
        return 1 - np.sqrt(ratio)

    mine, theirs = _by_subject(own, windows.subjects), _by_subject(other, windows.subjects)
    return {
        "gain": float(1 - nrmse(own) / nrmse(other)),
        "interval": interval(own.numpy(), other.numpy(), windows.groups, gained),
        "by_subject": {who: 1 - mine[who] / theirs[who] for who in mine},
    }


def _by_subject(relative: Tensor, subjects: NDArray[np.str_]) -> dict[str, float]:
    return {str(who): float(nrmse(relative[torch.from_numpy(subjects == who)])) for who in np.unique(subjects)}


def rounded(value: Any) -> Any:
    """A tree of plain values, each number to five significant digits."""
    if isinstance(value, Mapping):
        return {key: rounded(own) for key, own in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(own) for own in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value
