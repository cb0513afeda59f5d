"""Train an autoencoder of patches with Lightning.

B patches in a batch, N samples in a patch.
"""

import math
from typing import Any

import lightning
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn

from trainer.metrics import Reconstruction
from trainer.windows import Batch

_LAST_FRACTION = 0.02


class PatchTraining(lightning.LightningModule):
    """AdamW on the relative error energy, so that every patch weighs the same however large its amplitude.

    The loss of a patch is sum e^2 / (sum x^2 + N floor^2); its mean's square root is about the `nrmse` that is
    reported. The floor keeps patches without a signal from ruling the gradient.
    """

    def __init__(
        self,
        network: nn.Module,
        learning_rate: float,
        weight_decay: float,
        warmup_steps: int,
        floor_uv: float,
        validation_sets: list[str],
        config: dict[str, Any],
    ) -> None:
        super().__init__()
        self.network = network
        self._learning_rate = learning_rate
        self._weight_decay = weight_decay
        self._warmup_steps = warmup_steps
        self._floor_uv = floor_uv
        self._validation_sets = validation_sets
        self._config = config
        self._scores = [Reconstruction() for _ in validation_sets]

    def training_step(self, batch: Batch, _batch_index: int) -> Tensor:
        """Loss of a batch."""
        patches, rate_hz = batch
        loss = self._loss(patches, self.network(patches, rate_hz))
        self.log("train/loss", loss, prog_bar=True)
        return loss

    def _loss(self, x: Tensor, y: Tensor) -> Tensor:
        floor = x.shape[1] * self._floor_uv**2
        return (((y - x) ** 2).sum(dim=1) / ((x**2).sum(dim=1) + floor)).mean()

    def validation_step(self, batch: Batch, _batch_index: int, dataloader_idx: int = 0) -> None:
        """Collect the scores of a batch of one data set."""
        patches, rate_hz = batch
        self._scores[dataloader_idx].add(patches.cpu(), self.network(patches, rate_hz).cpu())

    def on_validation_epoch_end(self) -> None:
        """Log every data set's scores, and the mean NRMSE over data sets as `val/nrmse`."""
        results = {name: scores.compute() for name, scores in zip(self._validation_sets, self._scores, strict=True)}
        for scores in self._scores:
            scores.reset()
        for name, figures in results.items():
            self.log_dict({f"val/{name}/{key}": value.float() for key, value in figures.items()})
        mean = torch.stack([figures["nrmse"] for figures in results.values()]).mean()
        self.log("val/nrmse", mean.float(), prog_bar=True)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """AdamW, its rate rising for the first steps, then falling along a cosine to a fiftieth."""
        optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=self._learning_rate, weight_decay=self._weight_decay, betas=(0.9, 0.98)
        )
        total = int(self.trainer.estimated_stepping_batches)
        warmup = self._warmup_steps

        def factor(step: int) -> float:
            cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, step / total)))
            return min(1.0, (step + 1) / (warmup + 1)) * (_LAST_FRACTION + (1 - _LAST_FRACTION) * cosine)

        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the run's settings with its weights: a checkpoint is enough to export from."""
        checkpoint["config"] = self._config
