"""Train a model: `python -m trainer.train [experiment=default] [group=choice] [key=value] ...`.

Without arguments it trains on made-up EEG for a minute or two, so that the first try needs nothing.
"""

import sys
from functools import partial
from pathlib import Path

from trainer.startup import INTERRUPTED, one_line_endings

with one_line_endings():
    import click
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode
    from omegaconf import DictConfig

    from eegstream.errors import ConfigError
    from trainer.command_lines import command_line
    from trainer.hydra_app import run_job
    from trainer.sweep_table import SweepRun, sweep_table


def train(config: DictConfig, finished: list[SweepRun]) -> None:
    """Train as `config` says, leave everything in the run's folder, say where it is, and add it to those `finished`."""
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
    command = command_line("train", hydra.overrides.task)
    try:
        fitted = fit(config, command)
    except SystemExit:
        last = folder / "checkpoints" / "last.ckpt"
        going_on = f"go on with trainer.resume_from_checkpoint={last}" if last.is_file() else "no epoch was finished"
        click.echo(f"interrupted; {going_on}", err=True)
        raise SystemExit(INTERRUPTED) from None
    if fitted.trainer.is_global_zero:
        print_once(write_summary(fitted, folder, command_line("train", hydra.overrides.task, absolute=True)))
        finished.append(SweepRun(tuple(hydra.overrides.task), fitted.nrmse, folder))


def main() -> None:
    """Compose the settings and train; after several runs of a sweep, compare them."""
    finished: list[SweepRun] = []
    run_job(partial(train, finished=finished), "config")
    if len(finished) > 1:
        click.echo(sweep_table(finished))
    elif not finished and {"--multirun", "-m"} & {*sys.argv[1:]}:
        click.echo("no table of the sweep: its runs were not in this process; each has a summary.md in its folder")


if __name__ == "__main__":
    main()
