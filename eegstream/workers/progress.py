"""Show how far many tasks are: a bar on stderr with the number done and the time left."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from eegstream.workers.pace import Pace


class WorkBar:
    """Tasks of known sizes, done by a number of workers at once; `workers` tells how many there are now."""

    def __init__(self, sizes: Sequence[float], workers: Callable[[], int], shown: Callable[[], None]) -> None:
        self._n_left, self._size_left = len(sizes), float(sum(sizes))
        self._workers, self._shown = workers, shown
        self._pace = Pace()
        self.note = ""
        """Shown beside the time left, such as a rate."""

    def finished(self, size: float, busy_s: float) -> None:
        """Count a task, and the seconds that it kept its worker busy."""
        self._n_left -= 1
        self._size_left -= size
        self._pace.finished(size, busy_s)
        self._shown()

    def left_s(self) -> float | None:
        """Seconds left; None before the first task is done."""
        return self._pace.left_s(self._n_left, self._size_left, self._workers())


def can_show_bars() -> bool:
    """Whether stderr is a terminal.

    A notebook's `!command` says that it is one, and then shows the control characters; a kernel's children are known
    by JPY_PARENT_PID.
    """
    return sys.stderr.isatty() and "JPY_PARENT_PID" not in os.environ


@contextmanager
def progress(what: str, sizes: Sequence[float], workers: Callable[[], int]) -> Iterator[WorkBar]:
    """A bar on stderr where somebody looks, or in a notebook that has widgets."""
    console = Console(stderr=True)
    shown = find_spec("ipywidgets") is not None if console.is_jupyter else can_show_bars()
    left = _Left()
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), left)
    with Progress(*columns, console=console, disable=not (sizes and shown)) as display:
        task = display.add_task("", total=len(sizes))
        left.bar = WorkBar(sizes, workers, lambda: display.advance(task))
        yield left.bar


def as_time(seconds: float | None) -> str:
    """`1:02:03`, `2:03`; `-:--` if it is not known."""
    if seconds is None:
        return "-:--"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class _Left(ProgressColumn):
    """The note and the time left, estimated when a task ends, then counted down."""

    def __init__(self) -> None:
        super().__init__()
        self.bar: WorkBar | None = None
        self._n_done, self._at_s = -1.0, 0.0
        self._left_s: float | None = None

    def render(self, task: Task) -> Text:
        """The text for now."""
        now_s = task.elapsed or 0.0
        if self.bar is not None and task.completed != self._n_done:
            self._n_done, self._at_s, self._left_s = task.completed, now_s, self.bar.left_s()
        left = as_time(None if self._left_s is None else max(0.0, self._left_s - (now_s - self._at_s)))
        return Text(", ".join(filter(None, (self.bar.note if self.bar else "", f"{left} left"))))
