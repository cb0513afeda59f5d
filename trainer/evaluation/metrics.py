"""The formulas of all metrics of a reconstruction.

M patches of N samples each, x the original and y the reconstruction, both in microvolts, e = y - x, R = max x - min x
of a patch. Patches whose standard deviation is below 0.5 µV carry no EEG and are left out of every metric.
docs/reference/metrics.md has every formula; `metric_collection` accumulates them over the batches of a validation.
"""

import torch
from torch import Tensor, nn

QUIET_UV = 0.5
_WINDOW, _SIGMA = 11, 1.5
_TINY = 1e-30
BANDS_HZ = {
    "delta": (0.5, 4.0),
    "theta": (4.0, 8.0),
    "alpha": (8.0, 13.0),
    "beta": (13.0, 30.0),
    "gamma": (30.0, 45.0),
    "high": (45.0, 100.0),
}


def loud(x: Tensor) -> Tensor:
    """Mask (M,) of the patches (M, N) that are not quiet; metrics are computed over these."""
    return x.double().std(dim=1, correction=0) > QUIET_UV


def relative_error(x: Tensor, y: Tensor) -> Tensor:
    """Error energy over patch energy (M,): sum e^2 / sum x^2."""
    return ((y - x) ** 2).sum(dim=1) / (x**2).sum(dim=1)


def nrmse(relative: Tensor) -> Tensor:
    """NRMSE of patches with these relative errors (M,): sqrt(mean_n), so that all patches have the same weight."""
    return relative.mean().sqrt()


def pooled_nrmse(x: Tensor, y: Tensor) -> Tensor:
    """sqrt(sum e^2 / sum x^2) over all samples; 100 of it is the percent root-mean-square difference, PRD."""
    return (((y - x) ** 2).sum() / (x**2).sum()).sqrt()


def snr_db(x: Tensor, y: Tensor) -> Tensor:
    """Signal-to-noise ratio (M,) in dB: 10 log10(sum x^2 / sum e^2), bounded where there is no error."""
    least = torch.finfo(x.dtype).eps
    return 10 * torch.log10(((x**2).sum(dim=1) + least) / (((y - x) ** 2).sum(dim=1) + least))


def pearson(x: Tensor, y: Tensor) -> Tensor:
    """Correlation (M,) of each patch with its reconstruction, their means removed; 0 for a constant one."""
    x = x - x.mean(dim=1, keepdim=True)
    y = y - y.mean(dim=1, keepdim=True)
    energy = (x**2).sum(dim=1) * (y**2).sum(dim=1)
    return (x * y).sum(dim=1) / torch.sqrt(energy).clamp_min(torch.finfo(x.dtype).tiny)


def band_errors(x: Tensor, y: Tensor, rate_hz: float) -> dict[str, float]:
    """Share of each band's energy that is lost: sum_n(E_nb / X_n) / sum_n(X_nb / X_n).

    Hann periodograms; X_n is the patch's whole energy, so that all patches have the same weight. Bands that reach
    beyond half the rate, or contain no frequency of the patch, are left out.
    """
    return _band_shares(x, x - y, rate_hz)


def band_powers(x: Tensor, y: Tensor, rate_hz: float) -> dict[str, float]:
    """Power of each band of a reconstruction over that of its original: sum_n(Y_nb / X_n) / sum_n(X_nb / X_n)."""
    return _band_shares(x, y, rate_hz)


def _band_shares(x: Tensor, other: Tensor, rate_hz: float) -> dict[str, float]:
    original, energy = periodogram(x), periodogram(other)
    frequency_hz = torch.fft.rfftfreq(x.shape[1], 1 / rate_hz)
    whole = original.sum(dim=1, keepdim=True)
    shares = {}
    for name, (low_hz, high_hz) in BANDS_HZ.items():
        inside = (frequency_hz >= low_hz) & (frequency_hz < high_hz)
        if high_hz <= rate_hz / 2 and inside.any():
            shares[name] = float((energy[:, inside] / whole).sum() / (original[:, inside] / whole).sum())
    return shares


def periodogram(x: Tensor) -> Tensor:
    """Energy (M, N // 2 + 1) of patches (M, N) by frequency, with a Hann window."""
    window = torch.hann_window(x.shape[1], periodic=False, dtype=x.dtype)
    energy: Tensor = torch.fft.rfft(x * window).abs() ** 2
    return energy


def log_spectral_distance_db(x: Tensor, y: Tensor, rate_hz: float) -> Tensor:
    """Distance (M,) of spectra from 1 to 45 Hz: sqrt(mean_f (10 log10((X + c) / (Y + c)))^2), c = mean_f X / 1e4."""
    frequency_hz = torch.fft.rfftfreq(x.shape[1], 1 / rate_hz)
    inside = (frequency_hz >= 1) & (frequency_hz <= 45)
    original, energy = periodogram(x)[:, inside], periodogram(y)[:, inside]
    floor = 1e-4 * original.mean(dim=1, keepdim=True)
    difference_db = 10 * torch.log10((original + floor) / (energy + floor))
    distance_db: Tensor = (difference_db**2).mean(dim=1).sqrt()
    return distance_db


def psnr_db(x: Tensor, y: Tensor) -> Tensor:
    """Peak signal-to-noise ratio (M,) in dB: 10 log10(R^2 / mean e^2), the peak being each patch's own R."""
    return 10 * torch.log10(_peak_to_peak(x)[:, 0] ** 2 / ((y - x) ** 2).mean(dim=1).clamp_min(_TINY))


def ssim(x: Tensor, y: Tensor) -> Tensor:
    """Structural similarity (M,) along time, C1 = (0.01 R)^2, C2 = (0.03 R)^2, each patch's own R.

    Gaussian window of 11 samples, sigma 1.5; patches are mirrored at their ends. Wang, Bovik, Sheikh,
    Simoncelli: Image Quality Assessment, 2004, in one dimension.
    """
    place = torch.arange(_WINDOW, dtype=x.dtype, device=x.device) - _WINDOW // 2
    window = torch.exp(-0.5 * (place / _SIGMA) ** 2)
    window = (window / window.sum())[None, None]

    def local_mean(values: Tensor) -> Tensor:
        half = _WINDOW // 2
        mirrored = torch.cat([values[:, :half].flip(1), values, values[:, -half:].flip(1)], dim=1)
        return nn.functional.conv1d(mirrored[:, None], window)[:, 0]

    peak = _peak_to_peak(x)
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    mean_x, mean_y = local_mean(x), local_mean(y)
    var_x, var_y = local_mean(x * x) - mean_x**2, local_mean(y * y) - mean_y**2
    covariance = local_mean(x * y) - mean_x * mean_y
    similarity = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return (similarity / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))).mean(dim=1)


def _peak_to_peak(x: Tensor) -> Tensor:
    return (x.amax(dim=1) - x.amin(dim=1))[:, None]
