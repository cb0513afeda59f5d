"""Build networks from settings, and read what training has saved."""

from pathlib import Path
from pickle import UnpicklingError
from typing import Any, cast

import torch
from omegaconf import OmegaConf
from torch import Tensor, nn

from eegstream.codec.manifest import DECODE_METHODS
from eegstream.errors import ConfigError
from trainer.hydra_app import build
from trainer.protocols import Network, NetworkFitter, missing_members

FOR_OPTIMISATION = ("learning_rate", "eta_min", "max_epochs")
"""Settings in the group `model` that only optimizers and schedulers refer to."""
FOR_FITTING = ("fitter", "fit_patches", "fit_rounds", "fit_prior")
"""Settings in the group `model` that only the fit before training uses."""


def build_network(settings: dict[str, Any]) -> Network:
    """A new network from the group `model` of a run's settings.

    Raises:
        ConfigError: its constructor raises an error, or it is not a `Network`.
    """
    beside = (*FOR_OPTIMISATION, *FOR_FITTING)
    made = build(OmegaConf.create({key: value for key, value in settings.items() if key not in beside}))
    target = settings["_target_"]
    if not isinstance(made, nn.Module):
        raise ConfigError(
            f"{target} gave a {type(made).__name__}, expected a torch.nn.Module", "Correct model._target_"
        )
    network = cast("Network", made)
    lacking = missing_members(made, Network)
    if not lacking:
        methods = (DECODE_METHODS.get(kind, f"a method for the decode {kind!r}") for kind in network.decodes)
        lacking = [method for method in methods if not hasattr(made, method)]
    if lacking:
        raise ConfigError(f"{target} lacks {', '.join(lacking)}", "Add what trainer.protocols.Network lists")
    return network


def build_fitter(settings: dict[str, Any]) -> NetworkFitter | None:
    """The fitter that the recipe names for the fit before any gradient step; None if it names none.

    Raises:
        ConfigError: its constructor raises an error, or it is not a `NetworkFitter`.
    """
    if not settings.get("fitter"):
        return None
    fitter = build(OmegaConf.create(settings["fitter"]))
    if missing_members(fitter, NetworkFitter) or not callable(fitter):
        raise ConfigError(
            f"{settings['fitter']['_target_']} cannot be called or lacks `patches`",
            "Add what trainer.protocols.NetworkFitter lists",
        )
    return cast("NetworkFitter", fitter)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """A checkpoint with the settings of its run.

    Raises:
        ConfigError: the file cannot be read, or is not a checkpoint of trainer.train.
    """
    try:
        checkpoint: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        _ = checkpoint["config"]["model"], checkpoint["state_dict"]
    except (OSError, RuntimeError, KeyError, TypeError, ValueError, EOFError, UnpicklingError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError(
            f"{path} is not a checkpoint of trainer.train ({reason[:120]})", "Give the path that training printed"
        ) from None
    return checkpoint


def trained_network(checkpoint: dict[str, Any]) -> Network:
    """The network of a checkpoint, ready for use; with averaged weights, if training averaged them."""
    network = build_network(checkpoint["config"]["model"])
    module = as_module(network)
    prefix = "network."
    state: dict[str, Tensor] = checkpoint["state_dict"]
    module.load_state_dict({key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)})
    module.eval().requires_grad_(requires_grad=False)
    return network


def as_module(network: Network) -> nn.Module:
    """The same object as PyTorch sees it."""
    assert isinstance(network, nn.Module), "build_network refuses anything else"  # noqa: S101  (an internal error)
    return network
