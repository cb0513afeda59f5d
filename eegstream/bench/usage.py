"""Processor and memory of a process and its children."""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True)
class Usage:
    """What a process and its children used between two moments."""

    cores: float
    """Processor time over time."""
    memory_mb: float
    """Resident memory at the second moment, in 10^6 bytes; pages that processes share count for each."""


@dataclass(frozen=True)
class _Held:
    busy_s: float
    memory_bytes: int


class Family:
    """A process and its children, as they come and go; those that have ended count no more."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    @property
    def busy_s(self) -> float:
        """Processor time since their start."""
        return sum(held.busy_s for held in self._each())

    @property
    def memory_bytes(self) -> int:
        """Resident memory."""
        return sum(held.memory_bytes for held in self._each())

    def _each(self) -> Iterator[_Held]:
        import psutil  # noqa: PLC0415 - on POSIX it needs modules that other systems lack

        with suppress(psutil.NoSuchProcess):
            first = psutil.Process(self._pid)
            for process in [first, *first.children(recursive=True)]:
                with suppress(psutil.NoSuchProcess):
                    times = process.cpu_times()
                    yield _Held(times.user + times.system, process.memory_info().rss)


class Meter:
    """Measures one process and its children from now on."""

    def __init__(self, pid: int) -> None:
        self._family = Family(pid)
        self._since_s, self._busy_s = time.monotonic(), self._family.busy_s

    def read(self) -> Usage:
        """What was used since it was made."""
        busy_s, passed_s = self._family.busy_s - self._busy_s, time.monotonic() - self._since_s
        return Usage(round(busy_s / passed_s, 4), round(self._family.memory_bytes / 1e6, 1))
