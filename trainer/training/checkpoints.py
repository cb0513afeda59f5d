"""Read what training has saved."""

from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from omegaconf import OmegaConf
from torch import Tensor, nn

from eegstream.errors import ConfigError
from trainer.hydra_app import build

NOT_OF_THE_NETWORK = ("learning_rate", "eta_min", "max_epochs")
"""Settings that stand beside a model's own, for optimizers and schedulers to refer to."""


def build_network(settings: dict[str, Any]) -> Any:
    """A fresh network from the `model` part of a run's settings.

    Raises:
        ConfigError: it refuses them.
    """
    return build(OmegaConf.create({key: value for key, value in settings.items() if key not in NOT_OF_THE_NETWORK}))


def load_checkpoint(path: Path) -> dict[str, Any]:
    """A checkpoint with the settings of its run.

    Raises:
        ConfigError: it is none.
    """
    try:
        checkpoint: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        _ = checkpoint["config"]["model"], checkpoint["state_dict"]
    except (OSError, RuntimeError, KeyError, TypeError, ValueError, EOFError, UnpicklingError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError(
            f"{path} is no checkpoint of trainer.train ({reason[:120]})", "Give the path that training printed"
        ) from None
    return checkpoint


def trained_network(checkpoint: dict[str, Any]) -> Any:
    """The network of a checkpoint, ready for use; its averaged weights, where they were averaged."""
    network: nn.Module = build_network(checkpoint["config"]["model"])
    prefix = "network."
    state: dict[str, Tensor] = checkpoint["state_dict"]
    network.load_state_dict({key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)})
    return network.eval().requires_grad_(requires_grad=False)
