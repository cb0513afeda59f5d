"""Build everything that a run's settings name, and fit."""

import itertools
import json
import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, cast, runtime_checkable

import click
import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint, RichProgressBar
from lightning.pytorch.loggers import Logger, WandbLogger
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities import rank_zero_only
from numpy.typing import NDArray
from omegaconf import DictConfig, OmegaConf

from eegstream.errors import ConfigError
from trainer.data.preparation import Side
from trainer.evaluation.benchmark import training_windows
from trainer.evaluation.codebook_usage import listed
from trainer.hydra_app import build, quiet_lightning
from trainer.training.callbacks import TakeTheBestAlong
from trainer.training.checkpoints import build_network, load_checkpoint
from trainer.training.lightning_module import PatchTraining


@dataclass(frozen=True)
class Kept:
    """A checkpoint and its mean NRMSE over the validation sets."""

    path: Path
    nrmse: float


@dataclass(frozen=True)
class Fitted:
    """What a run has led to."""

    trainer: lightning.Trainer
    data: Any
    config: dict[str, Any]
    """As it is kept in checkpoints."""
    seconds: float
    before_training: Kept | None
    """The network as it was fitted to patches, before any step."""

    @property
    def best(self) -> Kept | None:
        """The best checkpoint, if any was kept by its score; it is always called best.ckpt."""
        callback = self.trainer.checkpoint_callback
        trained = None
        if isinstance(callback, ModelCheckpoint) and callback.best_model_score is not None:
            trained = Kept(Path(callback.best_model_path), float(callback.best_model_score))
        first = self.before_training
        return first if trained is None or (first is not None and first.nrmse <= trained.nrmse) else trained

    @property
    def last(self) -> Path | None:
        """The checkpoint to go on from."""
        callback = self.trainer.checkpoint_callback
        path = callback.last_model_path if isinstance(callback, ModelCheckpoint) else ""
        return Path(path) if path else None

    @property
    def nrmse(self) -> float:
        """The best mean NRMSE over the validation sets; the last one, if no checkpoint was kept by it."""
        last = float(self.trainer.callback_metrics.get("val/nrmse", math.nan))
        return self.best.nrmse if self.best else last


def fit(config: DictConfig, command: str, more_callbacks: Sequence[Callback] = ()) -> Fitted:
    """Prepare the data, train as `config` says, and leave split, log and checkpoints in the run's folder.

    Raises:
        ConfigError: a setting, or the data, cannot be used.
        SystemExit: it was interrupted; what was saved stays.
    """
    quiet_lightning()
    torch.set_num_threads(config.threads)
    lightning.seed_everything(config.seed, workers=True, verbose=False)
    network, loss, optimizer = build_network(_plain(config.model)), build(config.loss), build(config.optimizer)
    data = prepared_data(config)
    plain = {**_plain(config), "command": command}
    module = PatchTraining(
        network,
        loss=loss,
        optimizer=optimizer,
        scheduler=_plain(config.scheduler) if config.get("scheduler") else None,
        validation_sets=data.validation_sets,
        needs_rates=bool(config.model.get("use_conditioning", False)),
        config=plain,
    )
    trainer, resume_from = _trainer(config, more_callbacks)
    _note_the_logger(trainer.loggers, plain)
    say(
        f"{sum(parameter.numel() for parameter in network.parameters())} parameters, {len(network.words)} codes "
        f"of {listed(network.words)} values a patch; validation on {', '.join(data.validation_sets)}"
    )
    started = time.monotonic()
    fitted = None
    if isinstance(network, FittedFirst) and resume_from is None:
        fitted = _fit_to_patches(network, trainer, module, data, config)
    if trainer.max_epochs != 0:
        trainer.fit(module, datamodule=data, ckpt_path=resume_from)
    if torch.distributed.is_initialized():  # what follows is one process's work
        torch.distributed.destroy_process_group()
    outcome = Fitted(trainer, data, plain, time.monotonic() - started, fitted)
    if fitted is not None and outcome.best is fitted and trainer.is_global_zero:
        best = fitted.path.with_name("best.ckpt")
        fitted.path.replace(best)
        outcome = replace(outcome, before_training=Kept(best, fitted.nrmse))
    return outcome


@runtime_checkable
class FittedFirst(Protocol):
    """A network that is fitted to training patches before any gradient step."""

    fit_patches: int

    def fit_to(self, patches_uv: NDArray[np.float32], seed: int, tell: Callable[[str], None]) -> None:
        """Fit to patches (M, N)."""


def _fit_to_patches(
    network: FittedFirst, trainer: lightning.Trainer, module: PatchTraining, data: Any, config: DictConfig
) -> Kept:
    """Fit the network, validate it, and keep it as a checkpoint.

    Raises:
        ConfigError: there are several processes, each of which would fit its own.
    """
    if trainer.world_size > 1:
        raise ConfigError("this model is fitted by one process", "Give trainer.devices=1")
    patches_uv, _ = training_windows(data.train_dataloader(), network.fit_patches)
    network.fit_to(patches_uv, config.seed, say)
    trainer.validate(module, datamodule=data, verbose=False)
    score = float(trainer.callback_metrics["val/nrmse"])
    path = Path(config.folder) / "checkpoints" / "fitted.ckpt"
    trainer.save_checkpoint(path)
    say(f"fitted: val/nrmse {score:.4f}")
    return Kept(path, score)


@rank_zero_only
def say(text: str) -> None:
    """Print, once however many processes there are."""
    click.echo(text)


def prepared_data(config: DictConfig) -> Any:
    """The data module, its recordings prepared and its split written into the run's folder."""
    data = build(config.data)
    for name, side in data.sides().items():
        if side.recordings or side.skipped:
            say(_told(name, side))
    _write_split(data.describe(), Path(config.folder))
    return data


@rank_zero_only
def _write_split(split: dict[str, Any], folder: Path) -> None:
    (folder / "split.json").write_text(json.dumps(split, indent=1), encoding="utf-8")


def _told(name: str, side: Side) -> str:
    new = sum(recording.is_new for recording in side.recordings)
    samples = sum(signal.samples_uv.size for signal in side.signals)
    lines = [
        f"{name}: {len(side.recordings)} recordings, {samples / 1e6:.1f} million samples, "
        + (f"{new} newly prepared" if new else "all from the cache")
    ]
    if side.skipped:
        lines.append(f"  {len(side.skipped)} left out:")
        lines += [f"    {skipped}" for skipped in side.skipped]
    return "\n".join(lines)


def _plain(config: Any) -> dict[str, Any]:
    """Settings with every reference resolved."""
    return cast("dict[str, Any]", OmegaConf.to_container(config, resolve=True))


def _trainer(config: DictConfig, more_callbacks: Sequence[Callback]) -> tuple[lightning.Trainer, str | None]:
    """Lightning's trainer, and the checkpoint that it goes on from."""
    settings: dict[str, Any] = _plain(config.trainer)
    resume_from = settings.pop("resume_from_checkpoint", None)
    resumed = load_checkpoint(Path(resume_from))["config"] if resume_from else {}
    settings["accelerator"] = _accelerator(settings["accelerator"])
    settings["precision"] = _precision(settings["precision"], settings["accelerator"])
    bar = settings["enable_progress_bar"] and sys.stderr.isatty()
    settings["enable_progress_bar"] = bar
    _keep_earlier_log(Path(config.folder))
    logger = _logger(config, resumed.get("wandb"))
    callbacks = [build(callback) for callback in (config.get("callbacks") or {}).values() if callback]
    callbacks += [StopAtTheLastStep(), TakeTheBestAlong()]
    callbacks += [RichProgressBar(leave=True)] if bar else [EpochLines()]
    if not any(isinstance(callback, ModelCheckpoint) for callback in callbacks):
        settings["enable_checkpointing"] = False
    trainer: lightning.Trainer = build(
        OmegaConf.create(settings), callbacks=[*callbacks, *more_callbacks], logger=logger
    )
    return trainer, resume_from


def _logger(config: DictConfig, resumed: dict[str, Any] | None) -> Logger | bool:
    """The logger that the settings name; a resumed W&B run goes on under its id."""
    if not config.get("logger"):
        return False
    is_wandb = config.logger["_target_"].endswith("WandbLogger")
    more = {"id": resumed["id"], "resume": "allow"} if is_wandb and resumed else {}
    return cast("Logger", build(config.logger, **more))


@rank_zero_only
def _keep_earlier_log(folder: Path) -> None:
    """Give the log of an earlier run in this folder another name: the logger would delete it."""
    log = folder / "metrics.csv"
    if log.exists():
        number = next(n for n in itertools.count(1) if not (folder / f"metrics-{n}.csv").exists())
        log.rename(folder / f"metrics-{number}.csv")
        say(f"the log of an earlier run in this folder is kept as metrics-{number}.csv")


def _accelerator(asked: str) -> str:
    """CUDA where there is one, else the CPU; Apple's GPU has no double precision, which the figures are in."""
    if asked != "auto":
        return asked
    return "cuda" if torch.cuda.is_available() else "cpu"


def _precision(asked: str | int, accelerator: str) -> str | int:
    """What was asked for, on a GPU; else 32."""
    known = ("32", "16-mixed", "bf16-mixed", "32-true", "64-true", "16-true", "bf16-true")
    if str(asked) not in known:
        raise ConfigError(f"trainer.precision is {asked}", f"Known are {', '.join(known[:3])}")
    if accelerator == "cpu" and not str(asked).startswith(("32", "64")):
        say(f"no GPU: trained in precision 32, not {asked}")
        return 32
    return asked


def _note_the_logger(loggers: Sequence[Logger], plain: dict[str, Any]) -> None:
    """Tell each logger the settings, and keep in them which W&B run this is."""
    for logger in loggers:
        logger.log_hyperparams(plain)
        if isinstance(logger, WandbLogger):
            run = logger.experiment
            plain["wandb"] = {"id": run.id, "project": run.project, "offline": bool(run.offline)}


class StopAtTheLastStep(Callback):
    """Let a run that `max_steps` ends in the middle of an epoch be validated, and so kept, at its end."""

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        """Say that it is over while there is still a validation to come."""
        if 0 < trainer.max_steps <= trainer.global_step:
            trainer.should_stop = True


class EpochLines(Callback):
    """A line for each validation, where no progress bar is to be seen."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def on_validation_end(self, trainer: lightning.Trainer, _module: lightning.LightningModule) -> None:
        """Print epoch, loss, score and time."""
        if trainer.state.fn == TrainerFn.FITTING and not trainer.sanity_checking and trainer.is_global_zero:
            figures: Mapping[str, Any] = trainer.callback_metrics
            loss = figures.get("train/loss")
            click.echo(
                f"epoch {trainer.current_epoch + 1}, step {trainer.global_step}: "
                + (f"loss {float(loss):.4f}, " if loss is not None else "")
                + f"val/nrmse {float(figures.get('val/nrmse', math.nan)):.4f}, {time.monotonic() - self._started:.0f} s"
            )
