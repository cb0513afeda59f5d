"""Options that several commands share."""

import functools
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from eegstream.dsp.rates import HIGHEST_RATE_HZ, LOWEST_RATE_HZ
from eegstream.wire.identity import DEFAULT_URL

RATES = click.FloatRange(min=LOWEST_RATE_HZ, max=HIGHEST_RATE_HZ)
"""Range of sampling rates in Hz that may be given."""


class PositiveSeconds(click.FloatRange):
    """A duration: more than 0, finite."""

    def __init__(self) -> None:
        super().__init__(min=0, min_open=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, or click's own error."""
        seconds: float = super().convert(value, param, ctx)
        if not math.isfinite(seconds):
            self.fail(f"{value} is not a duration.", param, ctx)
        return seconds


class OutputFile(click.Path):
    """A file to write. If its name has a suffix, it must be the suffix of its format, or of one of its formats."""

    def __init__(self, *suffixes: str) -> None:
        super().__init__(path_type=Path)
        self._suffixes = suffixes

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path, or click's own error."""
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        if path.suffix.lower() not in ("", *self._suffixes):
            expected = " or ".join(filter(None, (", ".join(self._suffixes[:-1]), self._suffixes[-1])))
            self.fail(f"{str(path)!r} was given, expected a name that ends in {expected}.", param, ctx)
        return path


def channel_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options for channels and rate; the same in `run`, `encode` and `streams`."""
    for option in (
        click.option(
            "--counter-channel",
            metavar="LABEL",
            help="In this channel the device counts its samples; losses are counted by it. It is not encoded.",
        ),
        click.option(
            "--rate",
            type=RATES,
            metavar="HZ",
            help="The sampling rate; overrides the stated one.",
        ),
        click.option(
            "--unit",
            metavar="[PATTERN=]U[!],...",
            help="Unit of channels without one (default uV), such as mV or 0.1uV; with '!' after it, of all channels.",
        ),
        click.option("--drop", metavar="PATTERN,...", help="Leave these channels out: labels, or numbers from 1."),
        click.option(
            "--channels", metavar="PATTERN,...", help="Take these channels: labels (Fp*,Cz), or numbers (1-8)."
        ),
    ):
        command = option(command)
    return command


def signal_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the other options that may change a code."""
    for option in (
        click.option(
            "--fill-ms", type=click.FloatRange(min=0), help="Fill gaps of at most this many ms by interpolation."
        ),
        click.option("--notch", type=click.Choice(["50", "60"]), help="Mains notch, in Hz (default: the bundle's)."),
    ):
        command = option(command)
    return command


def stream_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--stream`, for files that hold several."""
    return click.option(
        "--stream", metavar="NAME", help="Only this stream of a FILE with several, by name or number (EEG or not)."
    )(command)


def device_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--device`."""
    return click.option("--device", metavar="auto|cpu|cuda|cuda:N", help="Where the model runs (default auto).")(
        command
    )


def trust_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say which bundles are trusted beside the shipped ones."""
    for option in (
        click.option(
            "--allow-unsigned", is_flag=True, default=None, help="Run a bundle that nothing vouches for; a last resort."
        ),
        click.option("--model-keys", metavar="PATH,...", help="Trust bundles signed by these keys (.pub, or folders)."),
        click.option("--model-sha256", metavar="HEX", help="Trust the bundle with this SHA-256, and no other."),
    ):
        command = option(command)
    return command


def with_trust(command: Callable[..., Any]) -> Callable[..., Any]:
    """Pass the options of trust to a command as one argument, `trust`; they are added above this."""

    @functools.wraps(command)
    def trusting(
        *, model_sha256: str | None, model_keys: str | None, allow_unsigned: bool | None = None, **others: Any
    ) -> Any:
        from eegstream.codec.trust import Trust

        keys = model_keys.split(",") if model_keys else ()
        return command(trust=Trust.of(model_sha256, keys, allow_unsigned=allow_unsigned), **others)

    return trusting


def model_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--model` and the options of trust."""
    return click.option("--model", metavar="NAME[@V]|PATH", help="The bundle (default: default).")(
        trust_options(command)
    )


def connect_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--connect`."""
    return click.option(
        "--connect", "url", metavar="URL", default=DEFAULT_URL, show_default=True, help="A running daemon."
    )(command)


def keys_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--keys`."""
    return click.option(
        "--keys", type=click.Path(), metavar="FOLDER", help="Folder of keys for encrypted connections."
    )(command)
