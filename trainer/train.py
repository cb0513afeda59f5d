"""Train a model: `python -m trainer.train [experiment=default] [group=choice] [key=value] ...`.

Without arguments it trains on made-up EEG for a minute or two, so that the first try needs nothing.
"""

from pathlib import Path

import click
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from eegstream.errors import ConfigError
from trainer.hydra_app import run_job


def train(config: DictConfig) -> None:
    """Train as `config` says, leave everything in the run's folder, and say where it is."""
    from trainer.training.console import print_once
    from trainer.training.fit import fit
    from trainer.training.run_summary import write_summary

    hydra = HydraConfig.get()
    if hydra.mode == RunMode.MULTIRUN and (config.trainer.devices, config.trainer.num_nodes) != (1, 1):
        raise ConfigError(
            "a sweep over several processes of one run cannot be started",
            "Give --multirun or several devices, not both",
        )
    folder = Path(config.folder)
    command = " ".join(["python -m trainer.train", *hydra.overrides.task])
    try:
        fitted = fit(config, command)
    except SystemExit:
        last = folder / "checkpoints" / "last.ckpt"
        going_on = f"go on with trainer.resume_from_checkpoint={last}" if last.is_file() else "no epoch was finished"
        click.echo(f"interrupted; {going_on}", err=True)
        raise SystemExit(130) from None
    if fitted.trainer.is_global_zero:
        print_once(write_summary(fitted, folder))


def main() -> None:
    """Compose the settings and train."""
    run_job(train, "config")


if __name__ == "__main__":
    main()
