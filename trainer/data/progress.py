"""Show how far the preparing of recordings has come."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def progress(total: int) -> Iterator[Callable[[], None]]:
    """A bar on stderr where somebody looks; yields what moves it on."""
    columns = (TextColumn("preparing recordings"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not (total and sys.stderr.isatty())) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)
