"""Settings that override what recordings state, as the options of `eegstream encode`."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from eegstream.dsp.channels import ChannelChoice
from eegstream.dsp.rates import HIGHEST_RATE_HZ, LOWEST_RATE_HZ
from eegstream.errors import ConfigError
from trainer.data.left_out import in_settings

Patterns = str | Sequence[str | int] | None
"""Labels with wildcards, or numbers from 1, in one text or several."""


@dataclass(frozen=True)
class RecordingOverrides:
    """Overrides for all recordings."""

    choice: ChannelChoice = field(default_factory=ChannelChoice)
    rate_hz: float | None = None
    """Replaces the rate that files state or timestamps show."""

    @classmethod
    def of(cls, channels: Patterns, drop: Patterns, unit: str | None, rate: float | None) -> "RecordingOverrides":
        """From the settings of `data`.

        Raises:
            ConfigError: a unit is not known, or the rate is out of range.
        """
        if rate is not None and not LOWEST_RATE_HZ <= rate <= HIGHEST_RATE_HZ:
            raise ConfigError(
                f"data.rate is {rate:g}, expected {LOWEST_RATE_HZ:g} to {HIGHEST_RATE_HZ:g} Hz", "Correct data.rate"
            )
        try:
            return cls(ChannelChoice.of(_texts(channels), _texts(drop), unit), rate)
        except ConfigError as error:
            raise ConfigError(in_settings(error.message), in_settings(error.remedy)) from None


def _texts(patterns: Patterns) -> list[str]:
    """Patterns as texts; YAML gives numbers as int."""
    return [patterns] if isinstance(patterns, str) else list(map(str, patterns or ()))
