"""What every way of doing many tasks has in common.

A task must be picklable, and its function be found by name: other processes import it.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")

ATTEMPTS = 3
"""Processes that may die with a task before it is given up."""


@dataclass(frozen=True)
class Lost:
    """A task that was given up, because each process that did it died."""

    why: str = f"the process that did it was killed {ATTEMPTS} times; it may lack memory"


class Spreading(Protocol):
    """Does tasks somewhere; yields the number of each task and its result as they come.

    An exception of the function ends the work. Tasks that are not done when the generator is closed are stopped.
    """

    def __call__(self, function: Callable[[T], R], tasks: Sequence[T]) -> Generator[tuple[int, R | Lost], None, None]:
        """Yield number and result of each task."""


def here(function: Callable[[T], R], tasks: Sequence[T]) -> Generator[tuple[int, R | Lost], None, None]:
    """Do the tasks in this process, one after the other."""
    for number, task in enumerate(tasks):
        yield number, function(task)
