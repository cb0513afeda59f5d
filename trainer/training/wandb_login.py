"""Weights & Biases without surprises: a missing login is found before any work, and its errors are one line."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from lightning.pytorch.utilities import rank_zero_only

from eegstream.errors import ConfigError

_NOT_ONLINE = ("offline", "dryrun", "disabled")
"""Values of WANDB_MODE with which nothing is sent."""


def is_wandb(logger: Mapping[str, Any]) -> bool:
    """Whether these settings of a logger are those of W&B."""
    return str(logger["_target_"]).endswith("WandbLogger")


def require_login(logger: Mapping[str, Any] | None) -> None:
    """Refuse a logger that sends to W&B where nobody is logged in.

    Raises:
        ConfigError: there is no login, and no terminal to ask for one.
    """
    if logger and is_wandb(logger) and not logger.get("offline"):
        log_in("Run `wandb login` first, or keep the log on this machine with logger.offline=true")


@rank_zero_only
def log_in(remedy: str) -> None:
    """Find the login for W&B, or ask for it where there is a terminal.

    Raises:
        ConfigError: there is none.
    """
    if os.environ.get("WANDB_MODE", "").lower() in _NOT_ONLINE:
        return
    with wandb_errors(remedy):
        import wandb  # noqa: PLC0415  (slow to import, and few need it)

        wandb.login(verify=False)


@contextmanager
def wandb_errors(remedy: str) -> Iterator[None]:
    """Turn what W&B raises into an error with this remedy.

    Raises:
        ConfigError: W&B raised one.
    """
    import wandb  # noqa: PLC0415  (slow to import, and few need it)

    try:
        yield
    except wandb.Error as error:
        reason = str(error).splitlines()[0].partition(". Use `wandb login`")[0].rstrip(".")
        raise ConfigError(f"W&B cannot be used: {reason}", remedy) from None
