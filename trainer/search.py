"""Search settings, and stop poor trials early: `python -m trainer.search study=NAME [trials=N] [storage=URL]`.

Several machines share one study by its name and storage. Akiba, Sano, Yanase, Ohta, Koyama: Optuna, 2019.
"""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from trainer.startup import how_to_install, one_line_endings

with one_line_endings():
    import click
    import lightning
    from hydra import compose
    from lightning.pytorch.callbacks import Callback
    from omegaconf import DictConfig, OmegaConf

    from eegstream.errors import ConfigError
    from trainer.command_lines import command_line
    from trainer.hydra_app import in_hydra_s_words, run_job

_OWN = re.compile(r"-|[~+]*(study|storage|trials|space|warmup_epochs|sampler_seed|folder|hydra)\b(?!/)")

Space = dict[str, list[Any] | dict[str, Any]]
"""Choices, or a range, of each setting."""


def search(config: DictConfig, overrides: Sequence[str]) -> None:
    """Run trials of a study, all with these `overrides`, and print the command with the best settings.

    Raises:
        ConfigError: Optuna is not installed, the space is wrong, or no trial was finished.
    """
    from trainer.training.fit import fit

    try:
        import optuna
    except ImportError:
        raise ConfigError("a search needs Optuna", how_to_install("search")) from None
    space = dict(_leaves(OmegaConf.to_container(config.space, resolve=True)))
    if not space:
        raise ConfigError(
            "the search space is empty", "Give at least one setting, such as +space.model.dropout=[0.0,0.1]"
        )
    folder = Path(config.folder)
    study = optuna.create_study(
        study_name=config.study,
        storage=config.storage or f"sqlite:///{folder.absolute() / 'study.db'}",
        load_if_exists=True,
        direction="minimize",
        sampler=optuna.samplers.TPESampler(seed=config.sampler_seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=config.warmup_epochs - 1),
    )

    def objective(trial: optuna.Trial) -> float:
        chosen = [f"{key}={_suggested(trial, key, choices)}" for key, choices in space.items()]
        own = folder / f"trial-{trial.number}"
        own.mkdir(parents=True, exist_ok=True)
        settings = [*overrides, *chosen, f"folder={own}", "trainer.enable_progress_bar=false"]
        click.echo(f"trial {trial.number}: {' '.join(chosen)}")
        composed = compose("config", list(map(in_hydra_s_words, settings)))
        return fit(composed, command_line("train", settings), [_Pruning(trial)]).nrmse

    study.optimize(objective, n_trials=config.trials)
    if not study.get_trials(states=[optuna.trial.TrialState.COMPLETE]):
        raise ConfigError(
            "all trials were stopped early, none was finished", "Give more trials or a larger warmup_epochs"
        )
    click.echo(_summary(study, overrides))


def _summary(study: Any, overrides: Sequence[str]) -> str:
    """How the trials ended, and the command with the best settings."""
    states = [trial.state.name for trial in study.trials]
    best = [f"{key}={value}" for key, value in study.best_params.items()]
    command = command_line("train", [*overrides, *best], absolute=True)
    return (
        f"{len(states)} trials in study {study.study_name}: {states.count('COMPLETE')} finished, "
        f"{states.count('PRUNED')} stopped early. Best val/nrmse {study.best_value:.4f}, "
        f"trial {study.best_trial.number}:\n{command}"
    )


def _leaves(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, list[Any] | dict[str, Any]]]:
    """Each setting of a space with its choices or its range."""
    if isinstance(node, list) and node:
        yield ".".join(path), node
    elif isinstance(node, Mapping) and "low" in node:
        unknown = sorted({*node} - {"low", "high", "log", "step"})
        if unknown or "high" not in node:
            raise ConfigError(
                f"space.{'.'.join(path)} has the keys {', '.join(map(str, node))}",
                "Give a range {low, high}, with log: true or step: N where needed",
            )
        yield ".".join(path), dict(node)
    elif isinstance(node, Mapping):
        for key, below in node.items():
            yield from _leaves(below, (*path, str(key)))
    elif node is not None:
        raise ConfigError(
            f"space.{'.'.join(path)} is {node!r}, expected choices or a range", "Give a list, or {low, high}"
        )


def _suggested(trial: Any, key: str, choices: Sequence[Any] | Mapping[str, Any]) -> Any:
    """A value of a setting, in Hydra's syntax."""
    if not isinstance(choices, Mapping):
        # Optuna takes only plain values as choices: a list, such as widths, is given as text.
        return trial.suggest_categorical(key, [c if isinstance(c, (str, int, float)) else str(c) for c in choices])
    whole = isinstance(choices["low"], int) and isinstance(choices["high"], int)
    suggest = trial.suggest_int if whole else trial.suggest_float
    return suggest(key, **choices)


class _Pruning(Callback):
    """Report each epoch's score to the study, and stop the trial when the study asks for it."""

    def __init__(self, trial: Any) -> None:
        self._trial = trial

    def on_validation_end(self, trainer: lightning.Trainer, _module: lightning.LightningModule) -> None:
        """Report the score, and end the trial if other trials were better at this epoch."""
        if trainer.sanity_checking:
            return
        self._trial.report(float(trainer.callback_metrics["val/nrmse"]), trainer.current_epoch)
        if self._trial.should_prune():
            from optuna import TrialPruned

            raise TrialPruned


def main() -> None:
    """Compose the settings and search; settings that are not the search's own go to every trial."""
    own, trials = divided(sys.argv[1:])
    sys.argv[1:] = own
    run_job(partial(search, overrides=trials), "search")


def divided(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The search's own arguments, and those of its trials."""
    return [a for a in arguments if _OWN.match(a)], [a for a in arguments if not _OWN.match(a)]


if __name__ == "__main__":
    main()
