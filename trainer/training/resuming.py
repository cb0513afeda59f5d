"""The checkpoint that a run is resumed from, and whether the run's settings fit it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from eegstream.errors import ConfigError
from trainer.hydra_app import plain
from trainer.protocols import Network
from trainer.training.checkpoints import FOR_FITTING, FOR_OPTIMISATION, as_module, load_checkpoint

_PREFIX = "network."
_MODEL = ("model", "frontend")
"""Groups of settings that decide which model it is: another value makes another model."""
_RESTORED = ("optimizer", "scheduler")
"""Groups whose values PyTorch restores from the checkpoint; new ones have no effect."""
_CHANGEABLE = ("loss", "data", "seed", "callbacks.averaging")
"""Settings that a resumed run takes as they now are, although the run is then not what it would have been."""
_UNIMPORTANT = ("data.folder", "data.cache", "data.scheduler", "data.strict")
_TAKEN_ANEW = ("interval", "frequency")
"""Settings of a scheduler that Lightning reads, and does not restore."""
_MOST_SHOWN = 4

Change = tuple[str, Any, Any]
"""The name of a setting, its value in the earlier run, and its value now; None where it is not set."""


@dataclass(frozen=True)
class EarlierRun:
    """A checkpoint to resume from."""

    path: str
    config: dict[str, Any]
    """The settings of the run that wrote it."""
    shapes: dict[str, tuple[int, ...]]
    """Shapes of the network's weights."""
    epochs: int
    steps: int

    def require_work(self, config: DictConfig) -> None:
        """Refuse to train up to a point that the checkpoint has already reached.

        Raises:
            ConfigError: there is nothing to do.
        """
        for name, done in (("max_epochs", self.epochs), ("max_steps", self.steps)):
            most = config.trainer[name]
            if most is not None and 0 <= most <= done:
                raise ConfigError(
                    f"there is nothing to do: {self.path} has {done} {name[4:]}, and trainer.{name} is {most}",
                    f"Give the total number, such as trainer.{name}={2 * max(done, 1)}",
                )

    def require_same_settings(self, config: DictConfig) -> None:
        """Refuse settings that make another model, or to which the saved optimizer or scheduler does not fit.

        Raises:
            ConfigError: there is such a setting.
        """
        now = plain(config)
        beside = {f"model.{key}" for key in (*FOR_OPTIMISATION, *FOR_FITTING)}
        others = [change for change in _changes(self.config, now, _MODEL) if not _is_in(change[0], beside)]
        if others:
            raise self._is_of_another("model", _listed(others))
        for group in _RESTORED:
            before, after = ((settings.get(group) or {}).get("_target_") for settings in (self.config, now))
            if before != after:
                raise self._is_of_another(group, f"{group} was {_shown(before)} and is {_shown(after)}")

    def require_same_network(self, network: Network) -> None:
        """Refuse weights that do not fit the network.

        Raises:
            ConfigError: they have other names or shapes.
        """
        if self.shapes != {name: tuple(value.shape) for name, value in as_module(network).state_dict().items()}:
            raise self._is_of_another("model", "its weights have other names or shapes")

    def remarks(self, config: DictConfig) -> list[str]:
        """A line on settings that have changed and hold from now on, and a line on those that have no effect."""
        now = plain(config)
        changed = [c for c in _changes(self.config, now, _CHANGEABLE) if not _is_in(c[0], _UNIMPORTANT)]
        restored: list[Change] = []
        for change in _changes(self.config, now, _RESTORED):
            (changed if change[0].rpartition(".")[2] in _TAKEN_ANEW else restored).append(change)
        lines = [f"resumed with changed settings: {_listed(changed)}"] if changed else []
        if restored:
            kept = ", ".join(
                f"{key} stays {_shown(before)} (given: {_shown(after)})" for key, before, after in restored
            )
            lines.append(f"the checkpoint restores optimizer and scheduler: {kept}")
        return lines

    def _is_of_another(self, what: str, why: str) -> ConfigError:
        return ConfigError(
            f"{self.path} is of another {what}: {why}",
            "Give the settings of the run that wrote it, or train from the beginning without "
            "trainer.resume_from_checkpoint",
        )


def _changes(before: Mapping[str, Any], after: Mapping[str, Any], groups: tuple[str, ...]) -> list[Change]:
    """Settings of these groups that differ, in the order of their names."""
    old, new = dict(_leaves(before)), dict(_leaves(after))
    names = sorted(key for key in {*old, *new} if _is_in(key, groups))
    return [(key, old.get(key), new.get(key)) for key in names if old.get(key) != new.get(key)]


def _is_in(key: str, groups: tuple[str, ...] | set[str]) -> bool:
    return any(key == group or key.startswith(f"{group}.") for group in groups)


def _leaves(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Each setting with its whole name."""
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _listed(changes: list[Change]) -> str:
    first = ", ".join(f"{key} was {_shown(old)} and is {_shown(new)}" for key, old, new in changes[:_MOST_SHOWN])
    more = len(changes) - _MOST_SHOWN
    return f"{first} and {more} more" if more > 0 else first


def _shown(value: object) -> str:
    return "not set" if value is None else str(value)


def earlier_run(config: DictConfig) -> EarlierRun | None:
    """The checkpoint that `trainer.resume_from_checkpoint` names; None if it names none.

    Raises:
        ConfigError: the setting is empty, the file is not a checkpoint, the settings do not fit it, or there is
            nothing to do.
    """
    path = config.trainer.get("resume_from_checkpoint")
    if path is None:
        return None
    if not str(path).strip():
        raise ConfigError(
            "trainer.resume_from_checkpoint is empty", "Give the path of a last.ckpt, or leave the setting out"
        )
    kept = load_checkpoint(Path(str(path)))
    shapes = {
        name.removeprefix(_PREFIX): tuple(value.shape)
        for name, value in kept["state_dict"].items()
        if name.startswith(_PREFIX)
    }
    loops = kept.get("loops", {}).get("fit_loop", {})
    epochs = loops.get("epoch_progress", {}).get("current", {}).get("processed", 0)
    found = EarlierRun(str(path), kept["config"], shapes, int(epochs), int(kept.get("global_step", 0)))
    found.require_work(config)
    found.require_same_settings(config)
    return found
