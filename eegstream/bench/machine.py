"""What the machine itself adds: how late a sleeping thread wakes, and what else keeps it busy."""

import os
import platform
import time
from dataclasses import dataclass

from eegstream.bench.spread import Spread

_PERIOD_S = 0.002


@dataclass(frozen=True)
class Machine:
    """A machine, and its noise."""

    system: str
    processor: str
    cores: int
    load: float
    """Processes that want a core, the mean of the last minute."""
    late: Spread
    """How late a thread woke that slept until a moment every 2 ms."""


def measure_machine(seconds: float) -> Machine:
    """Look at the machine for so many seconds."""
    import psutil  # noqa: PLC0415 - see bench.usage

    late_s = []
    start_s = time.monotonic()
    for number in range(1, max(2, round(seconds / _PERIOD_S)) + 1):
        due_s = start_s + number * _PERIOD_S
        time.sleep(max(0.0, due_s - time.monotonic()))
        late_s.append(max(0.0, time.monotonic() - due_s))
    return Machine(
        platform.platform(terse=True),
        platform.processor() or platform.machine(),
        os.cpu_count() or 1,
        round(psutil.getloadavg()[0], 2),
        Spread.of(late_s),
    )
