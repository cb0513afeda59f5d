"""Train a model: `python -m trainer.train [experiment=default] [group=choice] [key=value] ...`.

Without arguments it trains on synthetic EEG for a minute or two; no data is needed.
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
    """Train as `config` says, write all results into the run's folder, print a summary, and add it to `finished`."""
    from trainer.training.settings_check import require_usable

    require_usable(config)  # before the imports below, which take seconds

    from trainer.training.console import print_once
    from trainer.training.fit import fit
    from trainer.training.run_summary import write_summary

    hydra = HydraConfig.get()
    if hydra.mode == RunMode.MULTIRUN and (config.trainer.devices, config.trainer.num_nodes) != (1, 1):
        raise ConfigError(
            "--multirun cannot start runs that have several processes each",
            "Give --multirun or several devices, not both",
        )
    folder = Path(config.folder)
    command = command_line("train", hydra.overrides.task)
    try:
        fitted = fit(config, command)
    except SystemExit:
        last = folder / "checkpoints" / "last.ckpt"
        going_on = f"resume with trainer.resume_from_checkpoint={last}" if last.is_file() else "no epoch was finished"
        click.echo(f"interrupted; {going_on}", err=True)
        raise SystemExit(INTERRUPTED) from None
    if fitted.trainer.is_global_zero:
        print_once(write_summary(fitted, folder, command_line("train", hydra.overrides.task, absolute=True)))
        finished.append(SweepRun(tuple(hydra.overrides.task), fitted.nrmse, folder))


def main() -> None:
    """Compose the settings and train; after a sweep, print a table of its runs."""
    finished: list[SweepRun] = []
    run_job(partial(train, finished=finished), "config")
    if len(finished) > 1:
        click.echo(sweep_table(finished))
    elif not finished and {"--multirun", "-m"} & {*sys.argv[1:]}:
        click.echo("no table of the sweep: its runs were not in this process; each has a summary.md in its folder")


if __name__ == "__main__":
    main()
