"""Accumulate the metrics of reconstructions over batches and processes.

M patches of N samples each, x the original and y the reconstruction, both in microvolts.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torchmetrics import MeanAbsoluteError, MeanSquaredError, Metric, MetricCollection, PearsonCorrCoef
from torchmetrics.wrappers import LambdaInputTransformer

from trainer.evaluation.metrics import loud, pearson, psnr_db, relative_error, snr_db, ssim


class PatchMean(Metric):
    """Mean over patches of a function of each original and its reconstruction (M, N)."""

    full_state_update = False
    total: Tensor
    count: Tensor

    def __init__(self, of_patch: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self._of_patch = of_patch
        self.add_state("total", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, y: Tensor, x: Tensor) -> None:
        """Take reconstructions and originals (M, N)."""
        values = self._of_patch(x, y)
        self.total += values.sum()
        self.count += len(values)

    def compute(self) -> Tensor:
        """The metric so far."""
        return self.total / self.count


class PatchNrmse(PatchMean):
    """`nrmse` over all batches."""

    def __init__(self) -> None:
        super().__init__(relative_error)

    def compute(self) -> Tensor:
        """The metric so far."""
        return torch.sqrt(super().compute())


class PooledNrmse(Metric):
    """`pooled_nrmse` over all batches.

    With "l2", NormalizedRootMeanSquaredError of torchmetrics divides a mean by a sum, which is another number.
    """

    full_state_update = False
    error: Tensor
    energy: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("error", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("energy", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, y: Tensor, x: Tensor) -> None:
        """Take reconstructions and originals (M, N)."""
        self.error += ((y - x) ** 2).sum()
        self.energy += (x**2).sum()

    def compute(self) -> Tensor:
        """The metric so far."""
        return torch.sqrt(self.error / self.energy)


def _all_samples(metric: Metric) -> Metric:
    """The metric over all samples as one long signal."""
    return LambdaInputTransformer(metric.set_dtype(torch.float64), torch.flatten, torch.flatten)


class ReconstructionMetrics(MetricCollection):
    """All metrics of a reconstruction, in double precision, by name.

    Pooled over all samples: `mse`, `mae`, `rmse`, `nrmse_pooled`, `r_pooled`. Mean over patches: `nrmse` (the root of
    the mean), `snr_db`, `psnr_db`, `ssim`, `r`.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "mse": MeanSquaredError(),
                "mae": MeanAbsoluteError(),
                "rmse": MeanSquaredError(squared=False),
                "nrmse_pooled": PooledNrmse(),
                "r_pooled": _all_samples(PearsonCorrCoef()),
                "nrmse": PatchNrmse(),
                "snr_db": PatchMean(snr_db),
                "psnr_db": PatchMean(psnr_db),
                "ssim": PatchMean(ssim),
                "r": PatchMean(pearson),
            },
            compute_groups=False,
        )
        self.set_dtype(torch.float64)

    def add(self, x: Tensor, y: Tensor) -> None:
        """Add originals and reconstructions (M, N), without quiet patches."""
        kept = loud(x)
        if kept.any():
            self.update(y[kept].double(), x[kept].double())
