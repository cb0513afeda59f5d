"""Refuse settings that cannot work, before any recording is read and, as far as possible, before PyTorch is loaded."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

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
"""Smallest value of a number, or of each number of a list."""
_ANY_NUMBER = ("model.learning_rate", "optimizer.lr")
_FOLDERS = ("data.source.root",)
_FILES = ("data.source.path", "data.source.split_file", "trainer.resume_from_checkpoint")


def require_usable(config: DictConfig) -> None:
    """Refuse what is known to be wrong without reading data.

    Raises:
        ConfigError: a number is too small, a file or folder does not exist, the scheduler has an unknown form, or there
            is no GPU.
    """
    for key, least in _LEAST.items():
        value: Any = OmegaConf.select(config, key, default=None)
        wanted, kinds = ("a number", (int, float)) if key in _ANY_NUMBER else ("a whole number", (int,))
        for number in value if OmegaConf.is_list(value) else [value]:
            if number is not None and not isinstance(number, kinds):
                raise ConfigError(f"{key} is {value}, expected {wanted}", f"Correct {key}")
            if number is not None and number < least:
                raise ConfigError(f"{key} is {value}, expected {least} or more", f"Correct {key}")
    _require_paths(config)
    if config.get("scheduler"):
        require_flat_scheduler(OmegaConf.to_container(config.scheduler, resolve=True))  # type: ignore[arg-type]
    asked = OmegaConf.select(config, "trainer.accelerator")
    if asked in {"gpu", "cuda"}:
        import torch  # noqa: PLC0415  (slow to import)

        if not torch.cuda.is_available():
            raise ConfigError(
                f"trainer.accelerator is {asked}, and PyTorch finds no GPU",
                "Give trainer.accelerator=auto or cpu, or install a PyTorch that fits the GPU's driver",
            )


def _require_paths(config: DictConfig) -> None:
    """Refuse paths at which there is nothing; an empty one is refused where it is read."""
    source = str(OmegaConf.select(config, "data.source._target_", default=""))
    folders = _FOLDERS if source.startswith("trainer.") else ()  # a source of somebody else may name anything
    files = _FILES if folders else _FILES[-1:]
    for keys, kind in ((folders, "folder"), (files, "file")):
        for key in keys:
            # A required path that is not set raises OmegaConf's own error.
            value = OmegaConf.select(config, key, default=None, throw_on_missing=True)
            path = Path(str(value)).expanduser()
            is_there = path.is_dir() if kind == "folder" else path.is_file()
            if value is not None and str(value).strip() and not is_there:
                raise ConfigError(f"{key} is {str(value)!r}, which is not a {kind}", f"Give the path of a {kind}")


def require_flat_scheduler(settings: Mapping[str, Any]) -> None:
    """Refuse the keys `name` and `params` of the original project, and say how to write the same here.

    Raises:
        ConfigError: the scheduler has them, or no `_target_`.
    """
    if "_target_" in settings and not {"name", "params"} & {*settings}:
        return
    name, params = str(settings.get("name", "")), settings.get("params") or {}
    from torch.optim import lr_scheduler  # noqa: PLC0415  (slow to import)

    if (CONFIGS / "scheduler" / f"{name.lower()}.yaml").is_file():
        remedy = f"Give scheduler={name.lower()}"
    else:
        target = name if hasattr(lr_scheduler, name) else "NAME"
        flat = [f"_target_: torch.optim.lr_scheduler.{target}", *(f"{key}: {value}" for key, value in params.items())]
        remedy = f"Write scheduler: {{{', '.join(flat)}}}, or give scheduler=cosine"
    found = ", ".join(f"scheduler.{key}" for key in settings if key in {"name", "params"})
    raise ConfigError(
        f"{found} given, expected a scheduler with _target_" if found else "scheduler has no _target_", remedy
    )
