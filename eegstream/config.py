"""Settings of `eegstream run`: options override environment variables, which override the file."""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from eegstream.codec.trust import Trust
from eegstream.dsp.channels import ChannelChoice
from eegstream.dsp.rates import HIGHEST_RATE_HZ, LOWEST_RATE_HZ
from eegstream.dsp.units import unit_rules
from eegstream.errors import ConfigError
from eegstream.selection import Described, Selection
from eegstream.stream import SignalOptions
from eegstream.wire.identity import DEFAULT_URL

_ENVIRONMENT_PREFIX = "EEGSTREAM_"


def _patterns(value: object) -> object:
    """Accept a list of patterns, or one text with commas between them."""
    return value.split(",") if isinstance(value, str) else value


def _known_units(unit: str | None) -> str | None:
    try:
        unit_rules(unit)
    except ConfigError as error:
        raise ValueError(str(error)) from None
    return unit


def _is_selection(text: str) -> str:
    try:
        Selection.parse(text)
    except ConfigError as error:
        raise ValueError(str(error)) from None
    return text


Patterns = Annotated[tuple[str, ...], BeforeValidator(_patterns)]
Units = Annotated[str | None, AfterValidator(_known_units)]
RateHz = Annotated[float, Field(ge=LOWEST_RATE_HZ, le=HIGHEST_RATE_HZ)]
Fields = Annotated[str, AfterValidator(_is_selection)]


class StreamConfig(BaseModel):
    """A [[stream]] table: settings of the streams that it matches; absent settings are those of all streams."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    match: Fields
    """FIELD=PATTERN,... as `select`."""
    channels: Patterns | None = None
    drop: Patterns | None = None
    unit: Units = None
    rate: RateHz | None = None


class RunConfig(BaseModel):
    """All settings of `run`; the names are those of its options."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=lambda name: name.replace("_", "-"), populate_by_name=True
    )

    model: str = "default"
    model_sha256: str | None = None
    """SHA-256 that the bundle must have."""
    model_keys: Patterns = ()
    """Public keys, or folders of them, whose signature on a bundle is enough."""
    allow_unsigned: bool = False
    """Run a bundle that nothing vouches for."""
    device: str = "auto"
    bind: str = DEFAULT_URL
    channels: Patterns = ()
    drop: Patterns = ()
    unit: Units = None
    rate: RateHz | None = None
    notch: Literal[50, 60] | None = None
    fill_ms: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    select: Fields = "type=EEG"
    stream: tuple[StreamConfig, ...] = ()
    """Settings of single streams; the first table that matches counts. A stream that matches a table is also taken."""
    max_streams: Annotated[int, Field(ge=1)] = 64
    buffer_mb: Annotated[int, Field(ge=1)] = 64
    """Most memory for one stream's waiting samples; it is used twice, in liblsl and before the encoder."""
    when_behind: Literal["live", "complete"] = "live"
    """What becomes of samples that have waited longer than `max_lag_s`: dropped and told, or encoded all the same."""
    max_lag_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 5.0

    @field_validator("bind")
    @classmethod
    def _is_address(cls, bind: str) -> str:
        tcp = re.fullmatch(r"tcp://.+:(\*|\d+)", bind)
        if tcp is None and not bind.startswith("ipc://"):
            raise ValueError("expected tcp://ADDRESS:PORT or ipc://PATH")
        if tcp is not None and tcp[1] != "*" and int(tcp[1]) > 65535:
            raise ValueError("expected a port up to 65535")
        return bind

    @field_validator("max_streams", "buffer_mb", "fill_ms", "max_lag_s", mode="before")
    @classmethod
    def _is_number(cls, value: object) -> object:
        if isinstance(value, bool):
            raise ValueError("expected a number")  # noqa: TRY004 - pydantic reads ValueErrors
        return value

    @property
    def trust(self) -> Trust:
        """What is trusted beside the shipped bundles.

        Raises:
            ConfigError: `model-sha256` is not a SHA-256 in hex.
        """
        return Trust.of(self.model_sha256, self.model_keys, allow_unsigned=self.allow_unsigned)

    def wants(self, stream: Described) -> bool:
        """Whether a stream is selected."""
        return Selection.parse(self.select).wants(stream) or self._own(stream) is not None

    def rate_of(self, stream: Described) -> float | None:
        """The rate that the user gives to a stream, in Hz."""
        own = self._own(stream)
        return own.rate if own is not None and own.rate is not None else self.rate

    def signal_options(self, stream: Described) -> SignalOptions:
        """The settings that may change a stream's codes."""
        own = self._own(stream) or StreamConfig(match="")
        choice = ChannelChoice.of(
            self.channels if own.channels is None else own.channels,
            self.drop if own.drop is None else own.drop,
            self.unit if own.unit is None else own.unit,
        )
        return SignalOptions(notch_hz=self.notch, fill_ms=self.fill_ms, choice=choice, rate_hz=self.rate_of(stream))

    def _own(self, stream: Described) -> StreamConfig | None:
        return next((own for own in self.stream if Selection.parse(own.match).wants(stream)), None)


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
        where = [str(part) for part in first["loc"] if isinstance(part, str)]
        origin, key = origins[where[0]], ".".join(where)
        if first["type"] == "extra_forbidden":
            model = RunConfig if len(where) == 1 else StreamConfig
            known = ", ".join(sorted(name.replace("_", "-") for name in model.model_fields))
            raise ConfigError(f"{origin} has the unknown key {key!r}", f"Known keys: {known}") from None
        raise ConfigError(
            f"{origin} has {key} = {first['input']!r}: {_plain(first['msg'])}", "Correct the value"
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
        raise ConfigError(f"{file} is not valid TOML ({error})", "Correct the file") from None


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    found = {}
    for name in _option_names():
        if name == "stream":
            continue
        value = environment.get(_ENVIRONMENT_PREFIX + name.upper().replace("-", "_"))
        if value is not None:
            found[name] = int(value) if name == "notch" and value.isdigit() else value
    return found


def environment() -> Mapping[str, str]:
    """The process's environment."""
    return os.environ
