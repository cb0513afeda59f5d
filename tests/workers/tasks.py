"""Tasks that processes of the tests do: they must be found by name."""

import os
import signal
import time
from pathlib import Path


def squared(number: int) -> int:
    """A task without surprises."""
    return number * number


def killed_once(mark: str) -> int:
    """The process dies the first time that it comes to this task."""
    if mark and not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def killed_always(number: int) -> int:
    """The process dies whenever it comes to number 3."""
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def refused(number: int) -> int:
    """An error of the function itself."""
    raise ValueError(f"task {number} is refused")


def slow(mark: str) -> int:
    """Tells the process, then takes very long."""
    Path(mark).write_text(str(os.getpid()))
    time.sleep(300)
    return 0


def counted(path: str) -> int:
    """Tells the process in a line of its own; a path that ends in `slow` takes a while."""
    with Path(path).open("a") as file:
        file.write(f"{os.getpid()}\n")
    if path.endswith("slow"):
        time.sleep(0.5)
    return os.getpid()
