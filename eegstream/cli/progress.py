"""The progress bar of long tasks."""

import sys
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from click.termui import progressbar

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar


def progress(label: str, length: int) -> "AbstractContextManager[ProgressBar[int]]":
    """A bar of `length` steps on stderr; silent if stderr is not a terminal."""
    bar: ProgressBar[int] = progressbar(range(length), label=label, file=sys.stderr, hidden=not sys.stderr.isatty())
    return bar
