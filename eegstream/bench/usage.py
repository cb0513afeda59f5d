"""Processor and memory of a process and its children."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Usage:
    """What a process and its children used between two moments."""

    cores: float
    """Processor time over time."""
    memory_mb: float
    """Resident memory at the second moment, in 10^6 bytes; pages that processes share count for each."""


class Meter:
    """Measures one process and its children from now on.

    Raises:
        psutil.NoSuchProcess: it has ended.
    """

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._since_s, self._busy_s = time.monotonic(), self._busy()

    def read(self) -> Usage:
        """What was used since it was made."""
        busy_s, passed_s = self._busy() - self._busy_s, time.monotonic() - self._since_s
        memory = 0
        for process in self._all():
            with suppress(psutil.NoSuchProcess):
                memory += process.memory_info().rss
        return Usage(round(busy_s / passed_s, 4), round(memory / 1e6, 1))

    def _busy(self) -> float:
        total_s = 0.0
        for process in self._all():
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                total_s += times.user + times.system
        return total_s

    def _all(self) -> Sequence[psutil.Process]:
        return [self._process, *self._process.children(recursive=True)]
