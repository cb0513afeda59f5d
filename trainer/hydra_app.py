"""What the trainer's commands share: they read settings, and report a wrong one in one line."""

import logging
import os
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, cast

import click
import hydra
from hydra.errors import HydraException, InstantiationException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, MissingMandatoryValue, OmegaConfBaseException

from eegstream.errors import ConfigError, EegstreamError
from trainer.command_lines import config_dirs
from trainer.setting_hints import meant
from trainer.startup import extra_of, how_to_install, one_line_endings

_INSTALLED = Path(__file__).parent / "configs"
CONFIGS = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).parent.parent / "configs"
"""The shipped settings: inside the package where it is installed, beside it in a clone."""

_NOISE = (
    r".*does not have many workers.*",
    r".*`isinstance\(treespec, LeafSpec\)` is deprecated.*",
    r".*GPU available but not used.*",
    r".*exists and is not empty.*",
    r".*is smaller than the logging interval.*",
    r"The variance of predictions or target is close to zero.*",
    r".*It is recommended to use `self\.log\('(val|codes).*",
)
"""Warnings about choices made on purpose here, and of libraries about their own code. Validation metrics are combined
over all processes before they are logged. A model whose output is constant has no correlation; it is logged as nan."""


def run_job(job: Callable[[DictConfig], None], config_name: str) -> None:
    """Compose the settings from the command line and run `job`; exit with the code of an error of eegstream.

    By default Hydra prints a shortened traceback. With HYDRA_FULL_ERROR it raises the error, and we print one line.
    """

    @wraps(job)
    def guarded(config: DictConfig) -> None:
        try:
            with one_line_endings():
                job(config)
        except EegstreamError as error:
            _fail(str(error), error.exit_code)
        except OmegaConfBaseException as error:
            _fail(_explain(error), 2)

    os.environ["HYDRA_FULL_ERROR"] = "1"
    sys.argv[1:] = flags_first(list(map(in_hydra_s_words, sys.argv[1:])))
    sys.path += [folder for folder in (*config_dirs(sys.argv[1:]), str(Path.cwd())) if folder not in sys.path]
    try:
        with one_line_endings():
            hydra.main(version_base="1.3", config_path=str(CONFIGS), config_name=config_name)(guarded)()
    except (HydraException, OmegaConfBaseException) as error:
        _fail(_explain(error), 2)


def build(settings: Any, **more: Any) -> Any:
    """The object that `settings` describe.

    Raises:
        ConfigError: its constructor raises an error.
    """
    try:
        return hydra.utils.instantiate(settings, _convert_="all", **more)
    except InstantiationException as error:
        cause = error.__cause__
        if isinstance(cause, EegstreamError):
            raise cause from None
        if isinstance(cause, Exception):
            target = settings.get("_target_", "settings")
            raise ConfigError(
                f"{target}: {' '.join(str(cause).split()).rstrip('.')}", _remedy(settings, cause)
            ) from None
        raise


def plain(config: DictConfig) -> dict[str, Any]:
    """Settings as plain values, every reference resolved."""
    return cast("dict[str, Any]", OmegaConf.to_container(config, resolve=True))


def _remedy(settings: Any, cause: Exception) -> str:
    """What to do about an error of a constructor: the extra to install, or the settings that exist."""
    if isinstance(cause, ImportError) or "Error loading" in str(cause):
        extra = extra_of(getattr(cause, "name", None))
        return how_to_install(extra) if extra else "Install the module, or give --config-dir with the folder it is in"
    wrong = re.search(r"unexpected keyword argument '(\w+)'", str(cause))
    if wrong is None:
        return "Correct the setting"
    known = [str(key) for key in settings if str(key) != wrong[1] and not str(key).startswith("_")]
    hint = meant(wrong[1], known, {}).removeprefix("; d")
    return f"{f'D{hint} ' if hint else ''}Known are {', '.join(known)}" if known else "Take it out"


def quiet_lightning() -> None:
    """Hide Lightning's remarks on choices that are made on purpose."""
    for message in _NOISE:
        warnings.filterwarnings("ignore", message=message)
    for name in ("lightning.pytorch", "lightning.fabric", "matplotlib"):
        logging.getLogger(name).setLevel(logging.WARNING)


def in_hydra_s_words(argument: str) -> str:
    """`logger=null` in Hydra's syntax, which is `~logger`."""
    group, _, choice = argument.partition("=")
    return f"~{group}" if choice == "null" and (CONFIGS / group).is_dir() else argument


def flags_first(arguments: Sequence[str]) -> list[str]:
    """The arguments with all settings at the end: Hydra's parser does not take flags between them."""

    def is_setting(argument: str) -> bool:
        return not argument.startswith("-") and ("=" in argument or argument.startswith("~"))

    return sorted(arguments, key=is_setting)


def _fail(message: str, exit_code: int) -> None:
    click.echo(f"error: {message}", err=True)
    sys.exit(exit_code)


def _as_typed(key: str) -> str:
    """The whole name that was typed, where only its first part is unknown: training.batch_size for training."""
    typed = (argument.partition("=")[0] for argument in sys.argv[1:])
    return next((name for name in typed if name.startswith(f"{key}.")), key)


def _explain(error: Exception) -> str:
    """One line; a wrong key names the known ones."""
    if isinstance(error, MissingMandatoryValue):
        return f"{error.full_key} is not set; give {error.full_key}=VALUE"
    chain: list[BaseException] = [error]
    while (before := chain[-1].__cause__) is not None:
        chain.append(before)
    cause = next((link for link in chain if isinstance(link, (ConfigAttributeError, ConfigKeyError))), None)
    if cause is None:
        return " ".join(next((str(link) for link in chain if str(link)), type(error).__name__).split())
    wrong, parent = _as_typed(str(cause.full_key)), cause.parent_node
    known = sorted(map(str, parent)) if parent is not None and OmegaConf.is_dict(parent) else []
    known = [key for key in known if not key.startswith("_") and key != "hydra"]
    root = parent._get_root() if parent is not None else None  # noqa: SLF001  (OmegaConf offers no other way up)
    settings = OmegaConf.to_container(root, resolve=False) if OmegaConf.is_dict(root) else {}
    if "." not in str(cause.full_key):
        known += sorted({path.name for path in CONFIGS.iterdir() if path.is_dir()} - {*known})
    hint = meant(wrong, known, cast("dict[str, Any]", settings))
    return f"there is no setting {wrong}{hint if hint.endswith('?') else f'{hint}.'} Known there: {', '.join(known)}"
