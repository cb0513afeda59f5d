"""Options of `encode` for many recordings."""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import click

DEFAULT_FORMAT = "mcap"
FORMAT_NAMES = ("mcap", "parquet")


@dataclass(frozen=True)
class CorpusOptions:
    """How many recordings are done."""

    format: str | None
    jobs: int | None
    dask: str | None
    shard: tuple[int, int] | None
    retry: str | None
    strict: bool

    def given(self) -> list[str]:
        """The options that were given, as the user types them."""
        return [f"--{field.name}" for field in fields(self) if getattr(self, field.name)]


class Shard(click.ParamType[tuple[int, int]]):
    """`K/N`: share K of N, from 1."""

    name = "K/N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Both numbers, or click's own error."""
        match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", str(value))
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            self.fail(f"{value!r} was given, expected K/N with K from 1 to N, such as 3/8.", param, ctx)
        return int(match[1]), int(match[2])


def corpus_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options for many recordings, and pass them as one argument, `corpus`."""

    @functools.wraps(command)
    def with_corpus(**arguments: Any) -> Any:
        own = {field.name: arguments.pop(field.name) for field in fields(CorpusOptions)}
        return command(corpus=CorpusOptions(**own), **arguments)

    wrapped: Callable[..., Any] = with_corpus
    for option in (
        click.option("--strict", is_flag=True, help="End at the first recording that fails."),
        click.option("--retry", type=click.Choice(["failed"]), help="Try recordings again that failed before."),
        click.option("--shard", type=Shard(), metavar="K/N", help="Only share K of N, for arrays of jobs."),
        click.option("--dask", metavar="ADDRESS|FILE", help="A Dask scheduler, or the file that it wrote."),
        click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Processes (default: all cores)."),
        click.option("--format", type=click.Choice(FORMAT_NAMES), help=f"Of the outputs (default: {DEFAULT_FORMAT})."),
    ):
        wrapped = option(wrapped)
    return wrapped
