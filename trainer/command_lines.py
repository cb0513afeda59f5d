"""Write a run as the command that repeats it, from any folder."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

_OF_HYDRA = ("--config-dir", "-cd", "--config-path", "-cp", "--config-name", "-cn")
_FOLDERS = ("--config-dir", "-cd")
_PATHS = ("root", "path", "folder", "checkpoint", "resume_from_checkpoint", "split_file", "save_dir", "cache", "bundle")
"""Settings, by the last part of their names, whose values are paths if such a file or folder exists."""


def command_line(command: str, overrides: Sequence[str], *, absolute: bool = False) -> str:
    """`python -m trainer.COMMAND` with these settings, quoted for a shell; `absolute`: existing paths in full."""
    words = [*_config_flags(sys.argv[1:], absolute=absolute), *overrides]
    return " ".join(
        [f"python -m trainer.{command}", *(shlex.quote(_in_full(word) if absolute else word) for word in words)]
    )


def _config_flags(arguments: Sequence[str], *, absolute: bool) -> list[str]:
    """The flags that choose the configuration files; Hydra does not count them among the overrides."""
    found: list[str] = []
    for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
        flag, equals, value = word.partition("=")
        if flag in _OF_HYDRA:
            given = value if equals else following
            is_folder = absolute and Path(given).is_dir()
            found += [flag, str(Path(given).absolute()) if is_folder else given]
    return found


def config_dirs(arguments: Sequence[str]) -> list[str]:
    """Absolute paths of the folders of settings that a command was given."""
    flags = _config_flags(arguments, absolute=True)
    return [value for flag, value in zip(flags[::2], flags[1::2], strict=True) if flag in _FOLDERS]


def _in_full(override: str) -> str:
    """The override with an absolute path, if its value is an existing path."""
    key, equals, value = override.partition("=")
    is_path = equals and key.lstrip("+").rpartition(".")[2] in _PATHS and value and Path(value).expanduser().exists()
    return f"{key}={Path(value).expanduser().absolute()}" if is_path else override
