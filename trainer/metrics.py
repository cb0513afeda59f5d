"""How far a reconstruction lies from its patch.

M patches of N samples each, x the original and y the reconstruction, both in microvolts, e = y - x. Patches whose
standard deviation is below 0.5 µV carry no EEG and are left out of every figure.
"""

import torch
from torch import Tensor
from torchmetrics import MeanAbsoluteError, MeanSquaredError, Metric, MetricCollection

QUIET_UV = 0.5
BANDS_HZ = {
    "delta": (0.5, 4.0),
    "theta": (4.0, 8.0),
    "alpha": (8.0, 13.0),
    "beta": (13.0, 30.0),
    "gamma": (30.0, 45.0),
    "high": (45.0, 100.0),
}


def loud(x: Tensor) -> Tensor:
    """Mask (M,) of the patches (M, N) that figures are made of."""
    return x.double().std(dim=1, correction=0) > QUIET_UV


def relative_error(x: Tensor, y: Tensor) -> Tensor:
    """Error energy over patch energy (M,): sum e^2 / sum x^2."""
    return ((y - x) ** 2).sum(dim=1) / (x**2).sum(dim=1)


def pearson(x: Tensor, y: Tensor) -> Tensor:
    """Correlation (M,) of each patch with its reconstruction, their means removed; 0 for a constant one."""
    x = x - x.mean(dim=1, keepdim=True)
    y = y - y.mean(dim=1, keepdim=True)
    energy = (x**2).sum(dim=1) * (y**2).sum(dim=1)
    return (x * y).sum(dim=1) / torch.sqrt(energy).clamp_min(torch.finfo(x.dtype).tiny)


def band_errors(x: Tensor, y: Tensor, rate_hz: float) -> dict[str, float]:
    """Share of each band's energy that is lost: sum_n(E_nb / X_n) / sum_n(X_nb / X_n).

    Hann periodograms; X_n is the patch's whole energy, so that every patch weighs the same. Bands that reach beyond
    half the rate, or hold no frequency of the patch, are left out.
    """
    window = torch.hann_window(x.shape[1], periodic=False, dtype=x.dtype)
    frequency_hz = torch.fft.rfftfreq(x.shape[1], 1 / rate_hz)
    original = torch.fft.rfft(x * window).abs() ** 2
    error = torch.fft.rfft((x - y) * window).abs() ** 2
    whole = original.sum(dim=1, keepdim=True)
    shares = {}
    for name, (low_hz, high_hz) in BANDS_HZ.items():
        inside = (frequency_hz >= low_hz) & (frequency_hz < high_hz)
        if high_hz <= rate_hz / 2 and inside.any():
            shares[name] = float((error[:, inside] / whole).sum() / (original[:, inside] / whole).sum())
    return shares


class _PatchMean(Metric):
    """Mean over patches of a number that each patch has."""

    full_state_update = False
    total: Tensor
    count: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("total", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def _add(self, values: Tensor) -> None:
        self.total += values.sum()
        self.count += len(values)


class PatchNrmse(_PatchMean):
    """sqrt(mean_n(sum e^2 / sum x^2)): quiet and loud patches weigh the same."""

    def update(self, y: Tensor, x: Tensor) -> None:
        """Take reconstructions and originals (M, N)."""
        self._add(relative_error(x, y))

    def compute(self) -> Tensor:
        """The figure so far."""
        return torch.sqrt(self.total / self.count)


class PatchPearson(_PatchMean):
    """mean_n r_n."""

    def update(self, y: Tensor, x: Tensor) -> None:
        """Take reconstructions and originals (M, N)."""
        self._add(pearson(x, y))

    def compute(self) -> Tensor:
        """The figure so far."""
        return self.total / self.count


class Reconstruction(MetricCollection):
    """`mse` and `mae` pooled over all samples, `nrmse` and `r` over patches, in double precision."""

    def __init__(self) -> None:
        super().__init__(
            {"mse": MeanSquaredError(), "mae": MeanAbsoluteError(), "nrmse": PatchNrmse(), "r": PatchPearson()},
            compute_groups=False,
        )
        self.set_dtype(torch.float64)

    def add(self, x: Tensor, y: Tensor) -> None:
        """Take originals and reconstructions (M, N), quiet patches left out."""
        kept = loud(x)
        if kept.any():
            self.update(y[kept].double(), x[kept].double())
