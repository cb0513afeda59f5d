"""What a run goes on from, and whether it can."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from eegstream.errors import ConfigError
from trainer.hydra_app import plain
from trainer.protocols import Network
from trainer.training.checkpoints import FOR_FITTING, FOR_OPTIMISATION, as_module, load_checkpoint

_PREFIX = "network."


@dataclass(frozen=True)
class EarlierRun:
    """A checkpoint that training goes on from."""

    path: str
    config: dict[str, Any]
    """The settings of the run that wrote it."""
    shapes: dict[str, tuple[int, ...]]
    """Of the network's weights."""
    epochs: int
    steps: int

    def require_work(self, config: DictConfig) -> None:
        """Refuse to go on to where the run already is.

        Raises:
            ConfigError: there is nothing to do.
        """
        for name, done in (("max_epochs", self.epochs), ("max_steps", self.steps)):
            most = config.trainer[name]
            if most is not None and 0 <= most <= done:
                raise ConfigError(
                    f"there is nothing to do: {self.path} has {done} {name[4:]}, and trainer.{name} is {most}",
                    f"Give the number of the whole, such as trainer.{name}={2 * max(done, 1)}",
                )

    def require_same_network(self, network: Network, config: DictConfig) -> None:
        """Refuse weights of another network.

        Raises:
            ConfigError: they have other names or shapes.
        """
        if self.shapes == {name: tuple(value.shape) for name, value in as_module(network).state_dict().items()}:
            return
        now, then = plain(config.model), self.config["model"]
        beside = {*FOR_OPTIMISATION, *FOR_FITTING}
        others = [key for key in sorted({*now, *then} - beside) if now.get(key) != then.get(key)]
        told = ", ".join(f"model.{key} was {then.get(key)} and is {now.get(key)}" for key in others[:4])
        raise ConfigError(
            f"{self.path} is of another model: {told or 'its weights have other names or shapes'}",
            "Give the settings of the run that wrote it, or begin a run without trainer.resume_from_checkpoint",
        )


def earlier_run(config: DictConfig) -> EarlierRun | None:
    """What `trainer.resume_from_checkpoint` names, if anything.

    Raises:
        ConfigError: it is empty, no checkpoint, or one that needs no going on.
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
    return found
