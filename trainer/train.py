"""Train a model: `python -m trainer.train [experiment=default] [group=choice] [key=value] ...`.

Without arguments it trains on made-up EEG for a minute or two, so that the first try needs nothing.
"""

import json
from pathlib import Path
from typing import Any

import click
import lightning
import torch
from hydra.core.hydra_config import HydraConfig
from lightning.pytorch.callbacks import Callback, LearningRateMonitor, ModelCheckpoint
from omegaconf import DictConfig, OmegaConf

from trainer.data import PatchData
from trainer.module import PatchTraining
from trainer.run import build, quiet_lightning, run_job

CHECKPOINTS = "checkpoints"


def train(config: DictConfig) -> None:
    """Train as `config` says, leave checkpoints, split and log in the run's folder, and say where they are."""
    quiet_lightning()
    torch.set_num_threads(config.threads)
    lightning.seed_everything(config.seed, verbose=False)
    folder = Path(HydraConfig.get().runtime.output_dir)
    data: PatchData = build(config.data)
    click.echo(f"reading {config.data.source._target_.rpartition('.')[2]} ...")
    data.setup("fit")
    (folder / "split.json").write_text(json.dumps(data.source.describe(), indent=1))
    network = build(config.model)
    module = PatchTraining(network, validation_sets=data.validation_sets, config=_plain(config), **config.optimizer)
    checkpoints = ModelCheckpoint(
        folder / CHECKPOINTS, filename="best", monitor="val/nrmse", save_last=True, enable_version_counter=False
    )
    logger = build(config.logger) if config.get("logger") else False
    callbacks: list[Callback] = [checkpoints] + ([LearningRateMonitor()] if logger else [])
    trainer: lightning.Trainer = build(config.trainer, callbacks=callbacks, logger=logger)
    click.echo(
        f"{sum(parameter.numel() for parameter in network.parameters())} parameters, {len(network.words)} codes "
        f"of {network.words[0]} values a patch; validation on {', '.join(data.validation_sets)}"
    )
    try:
        trainer.fit(module, datamodule=data)
    except SystemExit:
        click.echo(f"interrupted at step {trainer.global_step}; what was saved is in {_shown(folder)}", err=True)
        raise SystemExit(130) from None
    click.echo(_summary(trainer, checkpoints, folder))


def _plain(config: DictConfig) -> dict[str, Any]:
    """The settings that a model depends on, with every reference resolved, and the command that gave them."""
    plain: Any = OmegaConf.to_container(config, resolve=True)
    command = " ".join(["python -m trainer.train", *HydraConfig.get().overrides.task])
    return {**{key: value for key, value in plain.items() if key != "logger"}, "command": command}


def _summary(trainer: lightning.Trainer, checkpoints: ModelCheckpoint, folder: Path) -> str:
    scores = {key: float(value) for key, value in trainer.callback_metrics.items() if key.startswith("val/")}
    best = Path(checkpoints.best_model_path)
    lines = [f"trained {trainer.global_step} steps; last scores:"]
    lines += [f"  {key.removeprefix('val/'):24} {value:.4g}" for key, value in sorted(scores.items())]
    lines += [
        f"run folder  {_shown(folder)}",
        f"checkpoint  {_shown(best)}",
        f"next        python -m trainer.export checkpoint={_shown(best)} name=NAME",
    ]
    return "\n".join(lines)


def _shown(path: Path) -> Path:
    """As short as it can be typed."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def main() -> None:
    """Compose the settings and train."""
    run_job(train, "config")


if __name__ == "__main__":
    main()
