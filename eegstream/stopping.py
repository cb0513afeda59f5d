"""Receive the signals with which a person or a supervisor ends the program, or has it read its settings again."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = tuple(signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name))
"""Ctrl-C; the signal of supervisors; Ctrl-Break, the only signal that one program can send to another on Windows."""
REREAD = tuple(signal.Signals[name] for name in ("SIGHUP",) if hasattr(signal, name))


def _say_nothing(_name: str) -> None:
    pass


@contextmanager
def stopped_by_signals(heard: Callable[[str], None] = _say_nothing) -> Iterator[threading.Event]:
    """Yield an event that each of these signals sets; `heard` is called with the signal's name.

    Wait for the event with a time-out: on Windows a wait without one does not notice Ctrl-C.
    """
    with _set_by(SIGNALS, heard) as stop:
        yield stop


@contextmanager
def reread_by_signal() -> Iterator[threading.Event]:
    """Yield an event that SIGHUP sets, which then does not end the program; on Windows it is never set."""
    with _set_by(REREAD, _say_nothing) as reread:
        yield reread


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """End the process at once with status 0 if a signal means the end; SIGHUP does nothing.

    For a program that starts and has nothing yet that must be closed. An exception would not do: it could be raised
    where Python drops it.
    """

    def handle(number: int, _frame: FrameType | None) -> None:
        if number in SIGNALS:
            sys.stderr.flush()
            os._exit(0)

    with _handled_by(handle, (*SIGNALS, *REREAD)):
        yield


@contextmanager
def _set_by(signals: tuple[signal.Signals, ...], heard: Callable[[str], None]) -> Iterator[threading.Event]:
    event = threading.Event()

    def handle(number: int, _frame: FrameType | None) -> None:
        heard(signal.Signals(number).name)
        event.set()

    with _handled_by(handle, signals):
        yield event


@contextmanager
def _handled_by(handle: Callable[[int, FrameType | None], None], signals: tuple[signal.Signals, ...]) -> Iterator[None]:
    before = {number: signal.signal(number, handle) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
