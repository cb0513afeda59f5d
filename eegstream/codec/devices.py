"""Choose where a model runs, and in how many threads."""

import re

import torch

from eegstream.errors import ConfigError


def use_one_thread() -> None:
    """Run this process's CPU kernels in one thread: fastest for small tiles, and it leaves the other cores free."""
    torch.set_num_threads(1)


def choose_device(name: str) -> torch.device:
    """The device for `auto`, `cpu`, `cuda` or `cuda:N`.

    Raises:
        ConfigError: the name is unknown, or the CUDA device does not exist.
    """
    if name == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    if name == "cpu":
        return torch.device("cpu")
    kind, _, index = name.partition(":")
    if kind != "cuda" or (index and not re.fullmatch("[0-9]{1,4}", index)) or name.endswith(":"):
        raise ConfigError(f"device {name!r} is unknown", "Give auto, cpu, cuda or cuda:N")
    if not torch.cuda.is_available():
        raise ConfigError(f"device {name!r} was asked for, but torch sees no CUDA device", "Use --device cpu or auto")
    number = int(index or 0)
    if number >= torch.cuda.device_count():
        raise ConfigError(
            f"device {name!r} was asked for, but there are {torch.cuda.device_count()} CUDA devices",
            f"Give cuda:0 to cuda:{torch.cuda.device_count() - 1}",
        )
    return torch.device("cuda", number)
