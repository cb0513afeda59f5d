"""Train a network as a run's settings say: first the recipe's fitter, if there is one, then gradient steps."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from omegaconf import DictConfig

from eegstream.errors import ConfigError
from trainer.evaluation.benchmark import training_windows
from trainer.evaluation.codebook_usage import listed
from trainer.hydra_app import build, plain, quiet_lightning
from trainer.protocols import NetworkFitter, PatchDataModule
from trainer.training.checkpoints import as_module, build_fitter, build_network
from trainer.training.console import print_once
from trainer.training.lightning_module import PatchTraining
from trainer.training.lightning_trainer import build_trainer, log_settings
from trainer.training.prepared_data import as_lightning, prepared_data
from trainer.training.resuming import earlier_run
from trainer.training.settings_check import require_usable
from trainer.training.wandb_login import require_login


@dataclass(frozen=True)
class ScoredCheckpoint:
    """A checkpoint and its mean NRMSE over the validation sets."""

    path: Path
    nrmse: float


@dataclass(frozen=True)
class RunResult:
    """The result of a run."""

    trainer: lightning.Trainer
    data: PatchDataModule
    config: dict[str, Any]
    """The settings, as saved in checkpoints."""
    seconds: float
    before_training: ScoredCheckpoint | None
    """The network after the fit, before any gradient step."""

    def __repr__(self) -> str:
        kept = f", {self.best.path}" if self.best else ""
        return f"RunResult(val/nrmse {self.nrmse:.4f} after {self.trainer.global_step} steps{kept})"

    @property
    def best(self) -> ScoredCheckpoint | None:
        """The checkpoint with the best score, always called best.ckpt; None if none was kept by score."""
        callback = self.trainer.checkpoint_callback
        trained = None
        if isinstance(callback, ModelCheckpoint) and callback.best_model_score is not None:
            trained = ScoredCheckpoint(Path(callback.best_model_path), float(callback.best_model_score))
        first = self.before_training
        return first if trained is None or (first is not None and first.nrmse <= trained.nrmse) else trained

    @property
    def last(self) -> Path | None:
        """The checkpoint to resume from."""
        callback = self.trainer.checkpoint_callback
        path = callback.last_model_path if isinstance(callback, ModelCheckpoint) else ""
        return Path(path) if path else None

    @property
    def nrmse(self) -> float:
        """The best mean NRMSE over the validation sets; the last one, if no checkpoint was kept by score."""
        last = float(self.trainer.callback_metrics.get("val/nrmse", math.nan))
        return self.best.nrmse if self.best else last


def fit(config: DictConfig, command: str, more_callbacks: Sequence[Callback] = ()) -> RunResult:
    """Prepare the data, train as `config` says, and write split, log and checkpoints into the run's folder.

    Raises:
        ConfigError: a setting, or the data, cannot be used.
        SystemExit: Ctrl-C was pressed; saved files stay.
    """
    quiet_lightning()
    require_usable(config)
    earlier = earlier_run(config)
    require_login(config.get("logger"))
    torch.set_num_threads(config.threads)
    lightning.seed_everything(config.seed, workers=True, verbose=False)
    network, loss, optimizer = build_network(plain(config.model)), build(config.loss), build(config.optimizer)
    if earlier:
        earlier.require_same_network(network)
        for line in earlier.remarks(config):
            print_once(line)
    data = prepared_data(config)
    settings = {**plain(config), "command": command}
    module = PatchTraining(
        network,
        loss=loss,
        optimizer=optimizer,
        scheduler=plain(config.scheduler) if config.get("scheduler") else None,
        validation_sets=data.validation_sets,
        needs_rates=bool(config.model.get("use_conditioning", False)),
        config=settings,
    )
    trainer = build_trainer(config, more_callbacks, earlier)
    log_settings(trainer.loggers, settings)
    print_once(
        f"{sum(parameter.numel() for parameter in network.parameters())} parameters, "
        f"{len(network.codebook_sizes)} codes of {listed(network.codebook_sizes)} values a patch; "
        f"validation on {', '.join(data.validation_sets)}"
    )
    started = time.monotonic()
    fitter = build_fitter(plain(config.model)) if earlier is None else None
    fitted = _fit_to_patches(fitter, trainer, module, data, config) if fitter else None
    if trainer.max_epochs != 0:
        trainer.fit(module, datamodule=as_lightning(data), ckpt_path=earlier.path if earlier else None)
    if torch.distributed.is_initialized():  # only one process writes the summary
        torch.distributed.destroy_process_group()
    return _with_best_named(RunResult(trainer, data, settings, time.monotonic() - started, fitted))


def _with_best_named(run: RunResult) -> RunResult:
    """Rename the checkpoint of the fitted network to best.ckpt, if no training step has improved it."""
    fitted = run.before_training
    if fitted is None or run.best is not fitted or not run.trainer.is_global_zero:
        return run
    best = fitted.path.with_name("best.ckpt")
    fitted.path.replace(best)
    return replace(run, before_training=ScoredCheckpoint(best, fitted.nrmse))


def _fit_to_patches(
    fitter: NetworkFitter,
    trainer: lightning.Trainer,
    module: PatchTraining,
    data: PatchDataModule,
    config: DictConfig,
) -> ScoredCheckpoint:
    """Fit the network, validate it, and save it as a checkpoint.

    Raises:
        ConfigError: there are several processes, each of which would fit its own tables.
    """
    if trainer.world_size > 1:
        raise ConfigError(
            f"model.fitter runs in one process, and there are {trainer.world_size}",
            "Give trainer.devices=1 and trainer.num_nodes=1",
        )
    patches_uv, _ = training_windows(data.train_dataloader(), fitter.patches)
    fitter(as_module(module.network), patches_uv, config.seed, print_once)
    trainer.validate(module, datamodule=as_lightning(data), verbose=False)
    score = float(trainer.callback_metrics["val/nrmse"])
    path = Path(config.folder) / "checkpoints" / "fitted.ckpt"
    trainer.save_checkpoint(path)
    print_once(f"fitted: val/nrmse {score:.4f}")
    return ScoredCheckpoint(path, score)
