"""Receive the signals with which a person or a supervisor ends the program."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = tuple(signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name))
"""Ctrl-C; the signal of supervisors; Ctrl-Break, the only signal that one program can send to another on Windows."""


def _say_nothing(_name: str) -> None:
    pass


@contextmanager
def stopped_by_signals(heard: Callable[[str], None] = _say_nothing) -> Iterator[threading.Event]:
    """Yield an event that each of these signals sets; `heard` is called with the signal's name.

    Wait for the event with a time-out: on Windows a wait without one does not notice Ctrl-C.
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
