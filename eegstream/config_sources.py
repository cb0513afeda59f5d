"""Where settings come from: a TOML file, the environment, the options; each value with its origin."""

import stat
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eegstream.errors import ConfigError, one_line

_PREFIX = "EEGSTREAM_"
_MOST_BYTES = 64 * 1024
_MOST_DOTS = 1000
"""In one line: tomllib takes a time that grows with the square of a key's parts."""
_LONGEST_SHOWN = 120
_LONGEST_PATH = 1000
_REMEDY = "Check --config"


@dataclass(frozen=True)
class Origin:
    """Where a value was given."""

    kind: str
    """default, file, environment or option."""
    name: str = ""
    """The file's path, the variable or the option."""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.kind, self.name)))


@dataclass(frozen=True)
class Settings:
    """Values by key, later sources in the place of earlier ones."""

    values: dict[str, Any]
    origins: dict[str, Origin]


def gather(
    file: Path | None, environment: Mapping[str, str], options: Mapping[str, Any], keys: Iterable[str]
) -> Settings:
    """Read every source; an option that is None was not given.

    Raises:
        ConfigError: the file cannot be read, or gives a key twice.
    """
    values: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for key, value in (_from_file(file) if file is not None else {}).items():
        name = key.replace("_", "-")
        if name in values:
            raise ConfigError(
                f"{one_line(str(file), _LONGEST_PATH)} has {shown(name)} twice, with - and with _", "Remove one of them"
            )
        values[name], origins[name] = value, Origin("file", one_line(str(file), _LONGEST_PATH))
    for key in keys:
        variable = _PREFIX + key.upper().replace("-", "_")
        if variable in environment:
            # A choice of numbers takes numbers only, and a variable is text.
            text = environment[variable]
            values[key] = {"50": 50, "60": 60}.get(text, text) if key == "notch" else text
            origins[key] = Origin("environment", variable)
    for key, value in options.items():
        if value is not None:
            name = key.replace("_", "-")
            values[name], origins[name] = value, Origin("option", f"--{name}")
    return Settings(values, origins)


def shown(value: object) -> str:
    """A value in an error: one short line, whatever it is."""
    try:
        # Numbers of thousands of digits and deep nesting have no repr.
        text = repr(value[: _LONGEST_SHOWN * 2] if isinstance(value, str | list | tuple) else value)
    except (ValueError, RecursionError):
        return f"a {type(value).__name__} that is too large to show"
    return one_line(text)


def _from_file(file: Path) -> dict[str, Any]:
    name = one_line(str(file), _LONGEST_PATH)
    text = _text(file, name)
    if any(line.count(".") > _MOST_DOTS for line in text.splitlines()):
        raise ConfigError(f"{name} has a line with more than {_MOST_DOTS} dots, expected settings", _REMEDY)
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigError(f"{name} is nested too deeply, expected settings and [[stream]] tables", _REMEDY) from None
    except ValueError as error:
        raise ConfigError(f"{name} is not valid TOML ({one_line(str(error))})", "Correct the file") from None


def _text(file: Path, name: str) -> str:
    """The text of a regular file of sensible size."""
    try:
        mode = file.stat().st_mode
        if not stat.S_ISREG(mode):
            what = "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"
            raise ConfigError(f"{name} is {what}, expected a TOML file", _REMEDY)
        with file.open("rb") as opened:
            content = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{name} cannot be read ({error.strerror})", _REMEDY) from None
    except ValueError as error:
        raise ConfigError(f"{name} is not a path ({error})", _REMEDY) from None
    if len(content) > _MOST_BYTES:
        raise ConfigError(f"{name} has more than {_MOST_BYTES} bytes, expected a file of settings", _REMEDY)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name} is not valid TOML: it is not UTF-8 ({one_line(str(error))})", _REMEDY) from None
