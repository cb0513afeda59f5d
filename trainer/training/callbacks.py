"""Callbacks of every run, beside those that the settings name."""

import math
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import lightning
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from lightning.pytorch.trainer.states import TrainerFn

_PATHS = ("best_model_path", "kth_best_model_path", "last_model_path")


class ValidateAtTheLastStep(Callback):
    """Validate, and so save, a run that `max_steps` ends in the middle of an epoch."""

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        """Ask for the stop early enough for Lightning to validate once more."""
        if 0 < trainer.max_steps <= trainer.global_step:
            trainer.should_stop = True


class EpochSummaryLines(Callback):
    """Print a line for each validation, where there is no progress bar."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def on_validation_end(self, trainer: lightning.Trainer, _module: lightning.LightningModule) -> None:
        """Print epoch, loss, score and time."""
        if trainer.state.fn == TrainerFn.FITTING and not trainer.sanity_checking and trainer.is_global_zero:
            metrics: Mapping[str, Any] = trainer.callback_metrics
            loss = metrics.get("train/loss")
            click.echo(
                f"epoch {trainer.current_epoch + 1}, step {trainer.global_step}: "
                + (f"loss {float(loss):.4f}, " if loss is not None else "")
                + f"val/nrmse {float(metrics.get('val/nrmse', math.nan)):.4f}, {time.monotonic() - self._started:.0f} s"
            )


class CarryBestCheckpoint(Callback):
    """Copy the best checkpoint of the earlier run into the folder of a resumed run.

    Lightning forgets it if the folders differ, and would then keep the best of the resumed part only.
    """

    def on_load_checkpoint(
        self, trainer: lightning.Trainer, _module: lightning.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Copy the checkpoints of the earlier run, and put their new paths into the loaded state."""
        for callback in trainer.callbacks:  # type: ignore[attr-defined] # set by Lightning, but not declared
            if isinstance(callback, ModelCheckpoint) and callback.state_key in checkpoint["callbacks"]:
                state = checkpoint["callbacks"][callback.state_key]
                checkpoint["callbacks"][callback.state_key] = _moved(state, Path(str(callback.dirpath)), trainer)


def _moved(state: dict[str, Any], folder: Path, trainer: lightning.Trainer) -> dict[str, Any]:
    """The state of a checkpoint callback, with paths in `folder`."""
    kept = [Path(path) for path in state["best_k_models"]]
    if Path(state["dirpath"]) == folder or not all(path.is_file() for path in kept):
        return state
    if trainer.is_global_zero:
        folder.mkdir(parents=True, exist_ok=True)
        for path in kept:
            shutil.copy2(path, folder / path.name)
    there = {key: str(folder / Path(state[key]).name) if state[key] else "" for key in _PATHS}
    best = {str(folder / Path(path).name): score for path, score in state["best_k_models"].items()}
    return {**state, **there, "best_k_models": best, "dirpath": str(folder)}
