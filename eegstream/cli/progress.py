"""The progress bar of long tasks."""

import os
import sys
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from click.termui import progressbar

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar


def progress(label: str, length: int) -> "AbstractContextManager[ProgressBar[int]]":
    """A bar of `length` steps on stderr; silent if stderr is not a terminal.

    A notebook's `!command` says that it is one, and then shows the control characters; a kernel's children are known
    by JPY_PARENT_PID.
    """
    hidden = not sys.stderr.isatty() or "JPY_PARENT_PID" in os.environ
    bar: ProgressBar[int] = progressbar(range(length), label=label, file=sys.stderr, hidden=hidden)
    return bar
