"""Write a run as the command that does it again, from any folder."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

_OF_HYDRA = ("--config-dir", "-cd", "--config-path", "-cp", "--config-name", "-cn")
_PATHS = ("root", "path", "folder", "checkpoint", "resume_from_checkpoint", "split_file", "save_dir", "cache", "bundle")
"""Last parts of settings that are paths where something of that name is there."""


def command_line(command: str, overrides: Sequence[str], *, absolute: bool = False) -> str:
    """`python -m trainer.COMMAND` with these settings, quoted for a shell; `absolute`: paths that are there in full."""
    words = [*_config_flags(sys.argv[1:], absolute=absolute), *overrides]
    return " ".join(
        [f"python -m trainer.{command}", *(shlex.quote(_in_full(word) if absolute else word) for word in words)]
    )


def _config_flags(arguments: Sequence[str], *, absolute: bool) -> list[str]:
    """Those that say which settings are composed, which Hydra does not count among the overrides."""
    found: list[str] = []
    for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
        flag, equals, value = word.partition("=")
        if flag in _OF_HYDRA:
            given = value if equals else following
            is_folder = absolute and Path(given).is_dir()
            found += [flag, str(Path(given).absolute()) if is_folder else given]
    return found


def _in_full(override: str) -> str:
    """With its path from the root, where it is one."""
    key, equals, value = override.partition("=")
    is_path = equals and key.lstrip("+").rpartition(".")[2] in _PATHS and value and Path(value).expanduser().exists()
    return f"{key}={Path(value).expanduser().absolute()}" if is_path else override
