"""Choose where a model runs, and in how many threads."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from eegstream.errors import ConfigError


@contextmanager
def one_thread() -> Iterator[None]:
    """Run PyTorch's CPU kernels of the calling thread in one thread; afterwards the number is as before.

    It is the fastest for small tiles, and leaves the other cores free. A number that another thread set does not hold
    for all kernels, so this has to be around the computation itself.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


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
