"""Lightning's trainer as the settings describe it: accelerator, precision, logger, callbacks."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import lightning
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint, RichProgressBar
from lightning.pytorch.loggers import Logger, WandbLogger
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig, OmegaConf

from eegstream.errors import ConfigError
from eegstream.workers.progress import can_show_bars
from trainer.hydra_app import build, plain
from trainer.training.callbacks import CarryBestCheckpoint, EpochSummaryLines, ValidateAtTheLastStep
from trainer.training.console import print_once
from trainer.training.resuming import EarlierRun
from trainer.training.wandb_login import is_wandb, wandb_errors


def build_trainer(
    config: DictConfig, more_callbacks: Sequence[Callback], earlier: EarlierRun | None
) -> lightning.Trainer:
    """Lightning's trainer, for a new run or one that is resumed from an `earlier` one."""
    settings: dict[str, Any] = plain(config.trainer)
    settings.pop("resume_from_checkpoint", None)
    settings["accelerator"] = _accelerator(settings["accelerator"])
    settings["precision"] = _precision(settings["precision"], settings["accelerator"])
    bar = settings["enable_progress_bar"] and can_show_bars()
    settings["enable_progress_bar"] = bar
    _keep_earlier_log(Path(config.folder))
    logger = _logger(config, earlier.config.get("wandb") if earlier else None)
    callbacks = [build(callback) for callback in (config.get("callbacks") or {}).values() if callback]
    callbacks += [ValidateAtTheLastStep(), CarryBestCheckpoint()]
    callbacks += [RichProgressBar(leave=True)] if bar else [EpochSummaryLines()]
    if not any(isinstance(callback, ModelCheckpoint) for callback in callbacks):
        settings["enable_checkpointing"] = False
    trainer: lightning.Trainer = build(
        OmegaConf.create(settings), callbacks=[*callbacks, *more_callbacks], logger=logger
    )
    return trainer


def _logger(config: DictConfig, resumed: dict[str, Any] | None) -> Logger | bool:
    """The logger that the settings name; a resumed W&B run keeps its id."""
    if not config.get("logger"):
        return False
    more = {"id": resumed["id"], "resume": "allow"} if is_wandb(config.logger) and resumed else {}
    return cast("Logger", build(config.logger, **more))


@rank_zero_only
def _keep_earlier_log(folder: Path) -> None:
    """Rename the log of an earlier run in this folder, since the logger would delete it."""
    log = folder / "metrics.csv"
    if log.exists():
        number = next(n for n in itertools.count(1) if not (folder / f"metrics-{n}.csv").exists())
        log.rename(folder / f"metrics-{number}.csv")
        print_once(f"the log of an earlier run in this folder was renamed to metrics-{number}.csv")


def _accelerator(asked: str) -> str:
    """CUDA if there is a GPU for it, else the CPU; Apple's GPU lacks the double precision that the metrics need."""
    if asked != "auto":
        return asked
    return "cuda" if torch.cuda.is_available() else "cpu"


def _precision(asked: str | int, accelerator: str) -> str | int:
    """The precision asked for; on the CPU 32 in place of a mixed one."""
    known = ("32", "16-mixed", "bf16-mixed", "32-true", "64-true", "16-true", "bf16-true")
    if str(asked) not in known:
        raise ConfigError(f"trainer.precision is {asked}, which is not known", f"Known are {', '.join(known[:3])}")
    if accelerator == "cpu" and not str(asked).startswith(("32", "64")):
        print_once(f"no GPU: precision 32 is used, not {asked}")
        return 32
    return asked


def log_settings(loggers: Sequence[Logger], plain: dict[str, Any]) -> None:
    """Log the settings, and add the id of the W&B run to them.

    Raises:
        ConfigError: W&B refuses the run.
    """
    for logger in loggers:
        if isinstance(logger, WandbLogger):
            run = _wandb_run(logger)
            plain["wandb"] = {"id": run.id, "project": run.project, "offline": bool(run.offline)}
        logger.log_hyperparams({key: value for key, value in plain.items() if key != "wandb"})


def _wandb_run(logger: WandbLogger) -> Any:
    """The run that a logger writes to; it is started if it was not yet."""
    with wandb_errors("Run `wandb login` first, or keep the log on this machine with logger.offline=true"):
        return logger.experiment
