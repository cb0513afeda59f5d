"""The log on stderr: one line for each record, as text, as JSON, or as the journal of systemd takes it."""

import logging
import math
import os
import stat
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, TextIO

from eegstream.log_storms import Storms, kind_and_stream

_TEXT, _JOURNAL = "text", "journal"


class Stream(Protocol):
    """Where lines go."""

    def write(self, text: str, /) -> object:
        """Take a text."""

    def flush(self) -> object:
        """See to it that it gets there."""


def about(kind: str, stream: str | None = None, **facts: str | float | None) -> dict[str, Any]:
    """The `extra` of a record: what it tells in the terms of a program; JSON shows it.

    `kind` and `stream` also decide which lines count together when there are too many.
    """
    return {"kind": kind, "stream": stream, "facts": facts}


def log_to_stderr(level: str = "info", form: str = "auto") -> None:
    """Write the package's log to stderr; `form` is auto, text, json or journal."""
    from eegstream.log_lines import formatter  # noqa: PLC0415 - structlog takes its time

    chosen = suitable_form(sys.stderr, os.environ) if form == "auto" else form
    handler = _Handler(sys.stderr)
    handler.setFormatter(formatter(chosen))
    logger = logging.getLogger("eegstream")
    logger.handlers = [handler]
    logger.propagate = False
    set_level(level)


@contextmanager
def redirected(stream: Stream) -> Iterator[None]:
    """Have the package's log go to another stream."""
    handlers = [each for each in logging.getLogger("eegstream").handlers if isinstance(each, _Handler)]
    before = [handler.setStream(stream) for handler in handlers]
    try:
        yield
    finally:
        for handler, old in zip(handlers, before, strict=True):
            if old is not None:
                handler.setStream(old)


def set_level(level: str) -> None:
    """Leave out records below `level`: debug, info, warning or error."""
    logging.getLogger("eegstream").setLevel(level.upper())


def tell_held_back(*, at_end: bool) -> None:
    """Say how many lines were held back in a minute that is over, or `at_end` in the one that runs; called often."""
    for handler in logging.getLogger("eegstream").handlers:
        if isinstance(handler, _Handler):
            handler.tell_held_back(at_end=at_end)


def suitable_form(stream: TextIO, environment: Mapping[str, str]) -> str:
    """Journal if the stream goes to systemd's journal, else text.

    Programs started from a desktop inherit the variables of systemd. So the stream has to be the socket that
    JOURNAL_STREAM names, or any socket where a service has only INVOCATION_ID.
    """
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return _TEXT
    named = environment.get("JOURNAL_STREAM")
    if named is not None:
        return _JOURNAL if named == f"{status.st_dev}:{status.st_ino}" else _TEXT
    return _JOURNAL if "INVOCATION_ID" in environment and stat.S_ISSOCK(status.st_mode) else _TEXT


class _Handler(logging.StreamHandler[Stream]):
    """Writes records, but not more of one kind than a person would read."""

    def __init__(self, stream: Stream) -> None:
        super().__init__(stream)
        self._storms = Storms()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, unless there were many like it; then it is counted."""
        now_s = time.monotonic()
        self._write_counts(now_s)
        if self._storms.admits(record, now_s):
            super().emit(record)

    def tell_held_back(self, *, at_end: bool) -> None:
        """Write the counts of minutes that are over."""
        self.acquire()
        try:
            self._write_counts(math.inf if at_end else time.monotonic())
        finally:
            self.release()

    def _write_counts(self, now_s: float) -> None:
        for record, count, period_s in self._storms.over(now_s):
            kind, stream = kind_and_stream(record)
            counted = logging.makeLogRecord({**record.__dict__, "exc_info": None, "exc_text": None})
            counted.msg = f"... and {count} more in {period_s:.0f} s like: {record.getMessage()}"
            counted.args = ()
            counted.__dict__ |= about(kind, stream, held_back=count)
            super().emit(counted)
