"""Show how far the preparing of recordings has come."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def can_show_bars() -> bool:
    """Whether stderr is a terminal.

    A notebook's `!command` says that it is one, and then shows the control characters; a kernel's children are known
    by JPY_PARENT_PID.
    """
    return sys.stderr.isatty() and "JPY_PARENT_PID" not in os.environ


@contextmanager
def progress(total: int) -> Iterator[Callable[[], None]]:
    """A bar on stderr where somebody looks, or in a notebook that has widgets; yields what moves it on."""
    columns = (TextColumn("preparing recordings"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    shown = find_spec("ipywidgets") is not None if console.is_jupyter else can_show_bars()
    with Progress(*columns, console=console, disable=not (total and shown)) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)
