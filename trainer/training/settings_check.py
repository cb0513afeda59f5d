"""Refuse settings that cannot work, before any recording is read."""

from collections.abc import Mapping
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf
from torch.optim import lr_scheduler

from eegstream.errors import ConfigError
from trainer.hydra_app import CONFIGS

_LEAST = {
    "model.patch_size": 1,
    "model.hidden_dims": 1,
    "model.width": 1,
    "model.blocks": 0,
    "model.learning_rate": 0,
    "model.fit_patches": 1,
    "data.batch_size": 1,
    "data.batches_per_epoch": 1,
    "optimizer.lr": 0,
    "trainer.max_epochs": -1,
    "trainer.max_steps": -1,
    "trainer.log_every_n_steps": 1,
    "trainer.check_val_every_n_epoch": 1,
    "model.max_epochs": -1,
    "seed": 0,
    "threads": 1,
}
"""Of numbers, and of each number of a list."""


def require_usable(config: DictConfig) -> None:
    """Look at what can be known to be wrong without data.

    Raises:
        ConfigError: a number is too small, the scheduler is written in another way, or the GPU is not there.
    """
    for key, least in _LEAST.items():
        value: Any = OmegaConf.select(config, key, default=None)
        for number in value if OmegaConf.is_list(value) else [value]:
            if isinstance(number, (int, float)) and number < least:
                raise ConfigError(f"{key} is {value}, expected {least} or more", f"Correct {key}")
    if config.get("scheduler"):
        require_flat_scheduler(OmegaConf.to_container(config.scheduler, resolve=True))  # type: ignore[arg-type]
    asked = OmegaConf.select(config, "trainer.accelerator")
    if asked in {"gpu", "cuda"} and not torch.cuda.is_available():
        raise ConfigError(
            f"trainer.accelerator is {asked}, and PyTorch finds no GPU",
            "Take trainer.accelerator=auto or cpu, or install a PyTorch that fits the GPU's driver",
        )


def require_flat_scheduler(settings: Mapping[str, Any]) -> None:
    """Refuse `name` and `params`, which the original project has, and say how the same is written here.

    Raises:
        ConfigError: they are there.
    """
    if "_target_" in settings and not {"name", "params"} & {*settings}:
        return
    name, params = str(settings.get("name", "")), settings.get("params") or {}
    if (CONFIGS / "scheduler" / f"{name.lower()}.yaml").is_file():
        remedy = f"Give scheduler={name.lower()}"
    else:
        target = name if hasattr(lr_scheduler, name) else "NAME"
        flat = [f"_target_: torch.optim.lr_scheduler.{target}", *(f"{key}: {value}" for key, value in params.items())]
        remedy = f"Write scheduler: {{{', '.join(flat)}}}, or give scheduler=cosine"
    found = ", ".join(f"scheduler.{key}" for key in settings if key in {"name", "params"})
    raise ConfigError(f"{found} is not how a scheduler is given here" if found else "scheduler has no _target_", remedy)
