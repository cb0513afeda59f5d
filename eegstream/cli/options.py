"""Options that several commands share."""

import math
from collections.abc import Callable
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class PositiveSeconds(click.FloatRange):
    """A duration: more than 0, finite."""

    def __init__(self) -> None:
        super().__init__(min=0, min_open=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, or click's own complaint."""
        seconds: float = super().convert(value, param, ctx)
        if not math.isfinite(seconds):
            self.fail(f"{value} is no duration.", param, ctx)
        return seconds


def signal_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that may change a code."""
    for option in (
        click.option(
            "--fill-ms", type=click.FloatRange(min=0), help="Bridge holes of at most so many ms by interpolation."
        ),
        click.option(
            "--unit",
            metavar="U",
            help="Unit of channels that state none (default uV); with a '!' behind it, of all channels.",
        ),
        click.option("--notch", type=click.Choice(["50", "60"]), help="Mains notch, in Hz (default: the bundle's)."),
    ):
        command = option(command)
    return command


def device_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--device`."""
    return click.option("--device", metavar="auto|cpu|cuda|cuda:N", help="Where the model runs (default auto).")(
        command
    )


def model_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--model`."""
    return click.option("--model", metavar="NAME[@V]|PATH", help="The bundle (default: default).")(command)


def connect_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--connect`."""
    return click.option(
        "--connect", "url", metavar="URL", default="tcp://127.0.0.1:5571", show_default=True, help="A running daemon."
    )(command)
