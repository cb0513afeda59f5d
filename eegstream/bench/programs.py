"""Programs that run to their end: how long they take, and with what."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from eegstream.bench.usage import Family
from eegstream.errors import EegstreamError

_LOOK_S = 0.02


@dataclass(frozen=True)
class Program:
    """What a program took, medians of `rounds` runs."""

    what: str
    rounds: int
    seconds: float
    processor_s: float
    peak_memory_mb: float
    """Largest resident memory of the program and its children together, in 10^6 bytes; looked at 50 times a second."""


def measure_program(what: str, arguments: Sequence[str], rounds: int) -> Program:
    """Run `python ARGUMENTS` `rounds` times.

    Raises:
        EegstreamError: it failed.
    """
    runs = [_run(what, arguments) for _ in range(rounds)]
    middle = [median(run[number] for run in runs) for number in range(3)]
    return Program(what, rounds, round(middle[0], 3), round(middle[1], 3), round(middle[2], 1))


def _run(what: str, arguments: Sequence[str]) -> tuple[float, float, float]:
    before = os.times()
    start_s = time.monotonic()
    with subprocess.Popen(  # noqa: S603 - our own command line
        [sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8"
    ) as child:
        peak = _Peak(child.pid)
        _, complaint = child.communicate()
        passed_s = time.monotonic() - start_s
    after = os.times()
    if child.returncode:
        last = (complaint.strip().splitlines() or ["it said nothing"])[-1]
        raise EegstreamError(f"{what} ended with exit code {child.returncode}: {last}")
    busy_s = after.children_user + after.children_system - before.children_user - before.children_system
    return passed_s, busy_s, peak.stop() / 1e6


class _Peak:
    """Looks at the memory of a process and its children until it is stopped."""

    def __init__(self, pid: int) -> None:
        self._family, self._bytes, self._stop = Family(pid), 0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """The largest that was seen."""
        self._stop.set()
        self._thread.join()
        return self._bytes

    def _look(self) -> None:
        while not self._stop.wait(_LOOK_S):
            self._bytes = max(self._bytes, self._family.memory_bytes)
