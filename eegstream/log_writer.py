"""A thread that writes the log, so that a terminal or pipe that takes nothing holds up nobody else."""

import logging
import queue
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from eegstream.logs import about, redirected

log = logging.getLogger(__name__)

_MOST_LINES = 1000
"""Lines that wait; those that come while so many wait are counted, and left out."""
_END_S = 0.5
"""How long the end waits for lines that were not written yet."""


class LineWriter:
    """What `logging` writes to: keeps each text for a thread that writes it to `stream`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._waiting: queue.Queue[str] = queue.Queue(_MOST_LINES)
        self._left_out = 0
        self._counting = threading.Lock()
        threading.Thread(target=self._run, name="log", daemon=True).start()

    def write(self, text: str) -> None:
        """Keep a text to be written; never waits."""
        try:
            self._waiting.put_nowait(text)
        except queue.Full:
            with self._counting:
                self._left_out += 1

    def flush(self) -> None:
        """Do nothing: the thread flushes what it writes."""

    def finish(self) -> bool:
        """Wait for what is not written yet, but not long; whether all is written."""
        deadline_s = time.monotonic() + _END_S
        while self._waiting.unfinished_tasks and time.monotonic() < deadline_s:
            time.sleep(0.005)
        return not self._waiting.unfinished_tasks

    def _run(self) -> None:
        while True:
            text = self._waiting.get()
            with suppress(OSError, ValueError):  # the reader is gone for good: there is nobody to tell
                self._stream.write(text)
                self._stream.flush()
            self._waiting.task_done()
            if self._waiting.empty():
                self._tell_left_out()

    def _tell_left_out(self) -> None:
        with self._counting:
            left_out, self._left_out = self._left_out, 0
        if left_out:
            log.warning(
                "%d lines of the log were left out: stderr took nothing for a while. Read it, or send it to a file",
                left_out,
                extra=about("log", left_out=left_out),
            )


@contextmanager
def written_aside() -> Iterator[LineWriter]:
    """Have the package's log written by a thread; the end waits half a second for it."""
    writer = LineWriter(sys.stderr)
    with redirected(writer):
        try:
            yield writer
        finally:
            writer.finish()
