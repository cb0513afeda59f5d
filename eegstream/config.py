"""Settings of `eegstream run`: file, then environment, then options."""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from eegstream.dsp.channels import unit_scale
from eegstream.epoch import SignalOptions
from eegstream.errors import ConfigError

_ENVIRONMENT_PREFIX = "EEGSTREAM_"


class RunConfig(BaseModel):
    """What `run` can be told; the names are those of its options."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=lambda name: name.replace("_", "-"), populate_by_name=True
    )

    model: str = "default"
    device: str = "auto"
    bind: str = "tcp://127.0.0.1:5571"
    notch: Literal[50, 60] | None = None
    unit: str | None = None
    fill_ms: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    select: str = "type=EEG"
    max_streams: Annotated[int, Field(ge=1)] = 64
    buffer_mb: Annotated[int, Field(ge=1)] = 64
    """Memory for one stream's waiting samples, at most; taken twice, in liblsl and before the encoder."""

    @field_validator("unit")
    @classmethod
    def _is_known(cls, unit: str | None) -> str | None:
        if unit is not None and unit_scale(unit.removesuffix("!")) is None:
            raise ValueError("expected V, mV, uV or nV, with ! behind it to override what streams state")
        return unit

    @field_validator("bind")
    @classmethod
    def _is_address(cls, bind: str) -> str:
        tcp = re.fullmatch(r"tcp://.+:(\*|\d+)", bind)
        if tcp is None and not bind.startswith("ipc://"):
            raise ValueError("expected tcp://ADDRESS:PORT or ipc://PATH")
        if tcp is not None and tcp[1] != "*" and int(tcp[1]) > 65535:
            raise ValueError("expected a port up to 65535")
        return bind

    @field_validator("max_streams", "buffer_mb", "fill_ms", mode="before")
    @classmethod
    def _is_number(cls, value: object) -> object:
        if isinstance(value, bool):
            raise ValueError("expected a number")  # noqa: TRY004 - pydantic reads ValueErrors
        return value

    @property
    def signal_options(self) -> SignalOptions:
        """The part that may change a code."""
        return SignalOptions(notch_hz=self.notch, unit=self.unit, fill_ms=self.fill_ms)


def run_config(file: Path | None, environment: Mapping[str, str], options: Mapping[str, Any]) -> RunConfig:
    """Merge the settings; an option that is None was not given.

    Raises:
        ConfigError: the file cannot be read, a key is unknown, or a value does not fit.
    """
    settings: dict[str, Any] = {}
    origins: dict[str, str] = {}
    given = {name: value for name, value in options.items() if value is not None}
    for origin, part in (
        (str(file), _from_file(file)),
        ("the environment", _from_environment(environment)),
        ("the options", given),
    ):
        for name, value in part.items():
            key = name.replace("_", "-")
            settings[key], origins[key] = value, origin
    try:
        return RunConfig.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0])
        known = ", ".join(sorted(_option_names()))
        if first["type"] == "extra_forbidden":
            raise ConfigError(f"{origins[key]} has the unknown key {key!r}", f"Known keys: {known}") from None
        raise ConfigError(
            f"{origins[key]} has {key} = {first['input']!r}: {_plain(first['msg'])}", "Correct the value"
        ) from None


def _plain(message: str) -> str:
    """pydantic's message as the end of a sentence."""
    message = message.removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def _option_names() -> list[str]:
    return [name.replace("_", "-") for name in RunConfig.model_fields]


def _from_file(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read ({error.strerror})", "Check --config") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is no TOML ({error})", "Correct the file") from None


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    found = {}
    for name in _option_names():
        value = environment.get(_ENVIRONMENT_PREFIX + name.upper().replace("-", "_"))
        if value is not None:
            found[name] = int(value) if name == "notch" and value.isdigit() else value
    return found


def environment() -> Mapping[str, str]:
    """The process's environment."""
    return os.environ
