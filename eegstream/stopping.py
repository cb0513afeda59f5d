"""Hear that a person or a supervisor wants the program to end."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = tuple(signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name))
"""Ctrl-C; what supervisors send; Ctrl-Break, on Windows the one signal that a program can send to another."""


def _say_nothing(_name: str) -> None:
    pass


@contextmanager
def stopped_by_signals(heard: Callable[[str], None] = _say_nothing) -> Iterator[threading.Event]:
    """Give an event that is set by each signal that means the end; `heard` is told the signal's name.

    Wait for it with a time-out: on Windows a wait without one hears no Ctrl-C.
    """
    stop = threading.Event()

    def handle(number: int, _frame: FrameType | None) -> None:
        heard(signal.Signals(number).name)
        stop.set()

    before = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
