"""Train an autoencoder of patches with Lightning.

B patches in a batch, N samples in a patch, G codes of a patch.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import hydra
import lightning
import torch
from lightning.pytorch.utilities import grad_norm
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from eegstream.errors import ConfigError
from trainer.data.loader_batches import as_batch
from trainer.evaluation.codebook_usage import CodebookUsage, usage_metrics
from trainer.evaluation.metric_collection import ReconstructionMetrics
from trainer.hydra_app import build
from trainer.protocols import Batch, Network, Penalised
from trainer.training.checkpoints import as_module

Loss = Callable[[Tensor, Tensor], Tensor]
"""A loss of reconstructions and originals (B, N)."""
OptimizerOf = Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]

_OF_LIGHTNING = ("interval", "frequency")
"""Settings of a scheduler that Lightning uses: when it steps."""


@dataclass(frozen=True)
class _Validation:
    """Metrics of a validation, kept outside the module's submodules.

    As submodules they would slow everything that visits all submodules, such as averaging the weights in each step.
    """

    scores: list[ReconstructionMetrics]
    """One for each data set."""
    code_use: CodebookUsage

    def to(self, device: torch.device) -> None:
        for scores in self.scores:
            scores.to(device)
        self.code_use.to(device)

    def reset(self) -> None:
        for scores in self.scores:
            scores.reset()
        self.code_use.reset()


class PatchTraining(lightning.LightningModule):
    """A network, its loss, its optimizer, and metrics of every validation set.

    Args:
        network: what is trained.
        loss: of reconstructions and originals.
        optimizer: makes the optimizer of the network's parameters.
        scheduler: settings with `_target_`, and `interval` and `frequency` for Lightning; None for none.
        validation_sets: names of the validation loaders, in order.
        needs_rates: the network is conditioned on the rate, so a batch without rates is refused.
        config: the run's settings, saved in each checkpoint, so that an export needs nothing else.
    """

    def __init__(
        self,
        network: Network,
        loss: Loss,
        optimizer: OptimizerOf,
        scheduler: Mapping[str, Any] | None,
        validation_sets: Sequence[str],
        needs_rates: bool,
        config: dict[str, Any],
    ) -> None:
        super().__init__()
        self.network = network
        self._loss = loss
        self._optimizer = optimizer
        self._scheduler = dict(scheduler) if scheduler else None
        self._validation_sets = list(validation_sets)
        self._needs_rates = needs_rates
        self._config = config
        self._validation = _Validation(
            [ReconstructionMetrics() for _ in validation_sets], CodebookUsage(network.codebook_sizes)
        )
        self._plateau: ReduceLROnPlateau | None = None
        self._plateau_state: dict[str, Any] | None = None

    def on_train_batch_start(self, _batch: Batch, _batch_index: int) -> None:
        """Seed dropout by seed, step and process, so that a resumed run draws the same numbers."""
        seed = self._config["seed"] + self.global_step * self.trainer.world_size + self.global_rank
        torch.default_generator.manual_seed(seed)
        if self.device.type == "cuda":
            torch.cuda.manual_seed(seed)

    def training_step(self, batch: Batch, _batch_index: int) -> Tensor:
        """Loss of a batch."""
        patches, rates_hz = self._checked(batch)
        reconstructed = self.network(patches, rates_hz)
        loss = self._loss(reconstructed, patches)
        if isinstance(self.network, Penalised):
            loss = loss + self.network.penalty(patches, reconstructed, rates_hz)
        if self._is_logged():
            self.log("train/loss", loss, prog_bar=True, batch_size=len(patches), sync_dist=True)
        return loss

    def _is_logged(self) -> bool:
        """Whether Lightning logs this step; a call of `log` in any other step only costs a millisecond."""
        every: int = self.trainer.log_every_n_steps  # type: ignore[attr-defined] # set by Lightning, but not declared
        return (self.global_step + 1) % every == 0

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Log the learning rate, and the gradient norms before clipping: of all weights, and of each submodule."""
        if self.trainer.logger is None or not self._is_logged():
            return
        self.log("lr", optimizer.param_groups[0]["lr"])
        for name, part in [("all", as_module(self.network)), *self.network.named_children()]:
            norms = grad_norm(part, norm_type=2)
            if norms:
                self.log(f"grad_norm/{name}", norms["grad_2.0_norm_total"])

    def on_validation_epoch_start(self) -> None:
        """Reset the metrics, on the network's device."""
        self._validation.to(self.device)
        self._validation.reset()  # at the start: tensors made in inference mode cannot be used in training

    def validation_step(self, batch: Batch, _batch_index: int, dataloader_idx: int = 0) -> None:
        """Collect the metrics of a batch of one data set."""
        patches, rates_hz = self._checked(batch)
        if len(patches):
            reconstructed = self.network(patches, rates_hz)
            self._validation.scores[dataloader_idx].add(patches, reconstructed)
            self._validation.code_use.update(self.network.encode(patches, rates_hz))

    def on_validation_epoch_end(self) -> None:
        """Log each data set's metrics, their mean NRMSE as `val/nrmse`, and the use of each code."""
        seen = self._validation
        results = {name: scores.compute() for name, scores in zip(self._validation_sets, seen.scores, strict=True)}
        for name, metrics in results.items():
            self.log_dict({f"val/{name}/{key}": value.float() for key, value in metrics.items()})
        mean = torch.stack([metrics["nrmse"] for metrics in results.values()]).mean()
        self.log("val/nrmse", mean.float(), prog_bar=True)
        if self._plateau is not None and not self.trainer.sanity_checking:
            self._plateau.step(float(mean))
        for number, counts in enumerate(seen.code_use.compute()):
            self.log_dict(
                {f"codes/{number}/{key}": value for key, value in usage_metrics(counts.cpu().numpy()).items()}
            )

    def _checked(self, batch: Batch) -> tuple[Tensor, Tensor]:
        return as_batch(batch, self.network.patch_size, self._needs_rates)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """The optimizer and, if one is set, its scheduler."""
        try:
            optimizer = self._optimizer(self.network.parameters())
        except (ValueError, TypeError) as error:
            raise ConfigError(f"optimizer: {error}", "Correct the setting") from None
        if self._scheduler is None:
            return optimizer
        said = dict(self._scheduler)
        when = {key: said.pop(key) for key in _OF_LIGHTNING if key in said}
        if "total_steps" not in said and _takes_total_steps(said["_target_"]):
            said["total_steps"] = int(self.trainer.estimated_stepping_batches)
        scheduler = build(said, optimizer=optimizer)
        if isinstance(scheduler, ReduceLROnPlateau):
            # Lightning steps these after it saves the checkpoint of an epoch, so a resumed run would lack a step.
            self._plateau = scheduler
            if self._plateau_state is not None:
                scheduler.load_state_dict(self._plateau_state)
            return optimizer
        both: Any = {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, **when}}
        return cast("OptimizerLRScheduler", both)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Save the run's settings with its weights."""
        checkpoint["config"] = self._config
        checkpoint["plateau"] = self._plateau.state_dict() if self._plateau else None

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Load the state of a plateau scheduler."""
        self._plateau_state = checkpoint["plateau"]


def _takes_total_steps(target: str) -> bool:
    """Whether a scheduler, such as OneCycleLR, needs the number of training steps."""
    return "total_steps" in inspect.signature(hydra.utils.get_object(target)).parameters
