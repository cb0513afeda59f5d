"""Settings of `eegstream run`: options override environment variables, which override the file."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eegstream.codec.trust import Trust
from eegstream.config_sources import Origin, Settings, gather, shown
from eegstream.config_values import Address, Device, Fields, Loopback, Number, Patterns, RateHz, Units
from eegstream.dsp.channels import ChannelChoice
from eegstream.errors import ConfigError, one_line
from eegstream.selection import Described, Selection
from eegstream.stream import SignalOptions
from eegstream.wire.identity import DEFAULT_URL

_MOST_STREAMS = 65536
_MOST_BUFFER_MB = 1048576


class StreamConfig(BaseModel):
    """A [[stream]] table: settings of the streams that it matches; absent settings are those of all streams."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    match: Fields
    """FIELD=PATTERN,... as `select`."""
    channels: Patterns | None = None
    drop: Patterns | None = None
    unit: Units = None
    rate: RateHz | None = None
    counter_channel: str | None = Field(default=None, alias="counter-channel")


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
    device: Device = "auto"
    bind: Address = DEFAULT_URL
    keys: str | None = None
    """Folder of keys; None: no encryption at an address of this machine, the default folder at any other one."""
    control: Address | None = None
    """Where replays are asked for; None: the address that belongs to `bind`."""
    replay_mb: Annotated[int, Field(ge=0, le=1024), Number] = 16
    """Memory for messages that subscribers may ask for again; 0: no replays, and no control address."""
    channels: Patterns = ()
    drop: Patterns = ()
    unit: Units = None
    rate: RateHz | None = None
    counter_channel: str | None = None
    notch: Literal[50, 60] | None = None
    fill_ms: Annotated[float, Field(ge=0, allow_inf_nan=False), Number] = 0.0
    select: Fields = "type=EEG"
    markers: Fields | None = None
    """FIELD=PATTERN,... of the outlets that are read as markers; None: none."""
    stream: tuple[StreamConfig, ...] = ()
    """Settings of single streams; the first table that matches counts. A stream that matches a table is also taken."""
    max_streams: Annotated[int, Field(ge=1, le=_MOST_STREAMS), Number] = 64
    buffer_mb: Annotated[int, Field(ge=1, le=_MOST_BUFFER_MB), Number] = 64
    """Most memory for one stream's waiting samples; it is used twice, in liblsl and before the encoder."""
    when_behind: Literal["live", "complete"] = "live"
    """What becomes of samples that have waited longer than `max_lag_s`: dropped and told, or encoded all the same."""
    max_lag_s: Annotated[float, Field(gt=0, allow_inf_nan=False), Number] = 5.0
    when_device_lost: Literal["exit", "cpu"] = "exit"
    """What becomes of the run if the device fails: it ends with status 75, or goes on with the CPU."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "text", "json", "journal"] = "auto"
    """How the log's lines look; auto: as the journal takes them under systemd, else text."""
    metrics: Loopback | None = None
    """ADDRESS:PORT of this machine where Prometheus finds the figures of the run; None: nowhere."""

    @property
    def trust(self) -> Trust:
        """What is trusted beside the shipped bundles.

        Raises:
            ConfigError: `model-sha256` is not a SHA-256 in hex.
        """
        return Trust.of(self.model_sha256, self.model_keys, allow_unsigned=self.allow_unsigned)

    def wants(self, stream: Described) -> bool:
        """Whether a stream is selected as EEG."""
        is_selected = Selection.parse(self.select).wants(stream) or self._own(stream) is not None
        return is_selected and not self.marks(stream)

    def marks(self, stream: Described) -> bool:
        """Whether a stream is selected as one of markers."""
        return self.markers is not None and Selection.parse(self.markers).wants(stream)

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
            self.counter_channel if own.counter_channel is None else own.counter_channel,
        )
        return SignalOptions(notch_hz=self.notch, fill_ms=self.fill_ms, choice=choice, rate_hz=self.rate_of(stream))

    def _own(self, stream: Described) -> StreamConfig | None:
        return next((own for own in self.stream if Selection.parse(own.match).wants(stream)), None)


@dataclass(frozen=True)
class EffectiveConfig:
    """The settings of a start, and where each value was given."""

    config: RunConfig
    origins: Mapping[str, Origin]
    """By key; keys with their default value are absent."""

    def rows(self) -> Iterator[tuple[str, Any, Origin]]:
        """Key, value and origin of each setting."""
        for name in RunConfig.model_fields:
            key = name.replace("_", "-")
            yield key, getattr(self.config, name), self.origins.get(key, Origin("default"))


def run_config(file: Path | None, environment: Mapping[str, str], options: Mapping[str, Any]) -> RunConfig:
    """Merge the settings; an option that is None was not given.

    Raises:
        ConfigError: the file cannot be read, a key is unknown, or a value does not fit.
    """
    return effective_config(file, environment, options).config


def effective_config(file: Path | None, environment: Mapping[str, str], options: Mapping[str, Any]) -> EffectiveConfig:
    """Merge the settings as `run_config`, with their origins.

    Raises:
        ConfigError: as `run_config`.
    """
    settings = gather(file, environment, options, [name for name in _option_names() if name != "stream"])
    try:
        return EffectiveConfig(RunConfig.model_validate(settings.values), settings.origins)
    except ValidationError as error:
        raise _refusal(error, settings) from None
    except RecursionError:
        raise ConfigError("a setting is nested too deeply, expected texts, numbers and lists", "Correct it") from None


def _refusal(error: ValidationError, settings: Settings) -> ConfigError:
    """The error for the first value that does not fit."""
    first = error.errors(include_url=False)[0]
    where = [str(part) for part in first["loc"] if isinstance(part, str)]
    key = ".".join(where)
    origin = _named(settings.origins[where[0]]) if where else "the configuration"
    if first["type"] == "extra_forbidden":
        model = RunConfig if len(where) == 1 else StreamConfig
        known = ", ".join(sorted(name.replace("_", "-") for name in model.model_fields))
        return ConfigError(f"{origin} has the unknown key {shown(key)}", f"Known keys: {known}")
    return ConfigError(f"{origin} has {key} = {shown(first['input'])}: {_plain(first['msg'])}", "Correct the value")


def _named(origin: Origin) -> str:
    return {"environment": "the environment", "option": "the options"}.get(origin.kind, origin.name)


def _plain(message: str) -> str:
    """pydantic's message as the end of a sentence."""
    message = message.removeprefix("Value error, ")
    return one_line(message[:1].lower() + message[1:], 400)


def _option_names() -> list[str]:
    return [name.replace("_", "-") for name in RunConfig.model_fields]


def environment() -> Mapping[str, str]:
    """The process's environment."""
    return os.environ
