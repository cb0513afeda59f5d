"""How much memory this process holds, and limits that the system keeps; of use to processes that start often."""

import ctypes
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

_MIB = 2**20
_limiting = threading.Lock()
_limiters = 0
_limit_before = 0


def resident_mib() -> float:
    """Memory that the process holds; on macOS the most that it ever held."""
    if sys.platform == "win32":
        return _WindowsMemory().WorkingSetSize / _MIB
    if resource is not None and sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MIB
    return _pages(1) / _MIB


def limit(more_mib: float, more_s: float) -> None:
    """Let the system refuse more than so much memory and processor time from now on; Linux only.

    A limit that was set before is replaced, one that the process inherited is kept.
    """
    if resource is None or sys.platform != "linux":
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    wanted = {
        resource.RLIMIT_AS: _pages(0) + int(more_mib * _MIB),
        resource.RLIMIT_CPU: int(used.ru_utime + used.ru_stime + more_s) + 1,
    }
    for what, most in wanted.items():
        hard = resource.getrlimit(what)[1]
        resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


@contextmanager
def growth_limited(most_mib: int) -> Iterator[None]:
    """Within this context, the whole process may grow by so much at most; Linux only.

    An allocation beyond fails, as it would on a full machine. Contexts of several threads may overlap: the first one
    sets the limit, the last one lifts it.
    """
    if resource is None or sys.platform != "linux":
        yield
        return
    global _limiters, _limit_before  # noqa: PLW0603 - the limit belongs to the process
    with _limiting:
        _limiters += 1
        soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        if _limiters == 1:
            _limit_before = soft
            limits = [_pages(5) + most_mib * _MIB, soft, hard]
            most = min(limit for limit in limits if limit != resource.RLIM_INFINITY)
            resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
    try:
        yield
    finally:
        with _limiting:
            _limiters -= 1
            if _limiters == 0:
                resource.setrlimit(resource.RLIMIT_DATA, (_limit_before, hard))


def _pages(field: int) -> int:
    """Bytes that a field of Linux's /proc/self/statm counts in pages: 0 addresses, 1 memory, 5 data and stack."""
    file: IO[bytes]
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - 50 times a second
        return int(file.read().split()[field]) * os.sysconf("SC_PAGE_SIZE")


if sys.platform == "win32":

    class _WindowsMemory(ctypes.Structure):
        """PROCESS_MEMORY_COUNTERS of this process."""

        _fields_ = (
            ("cb", ctypes.c_uint32),
            ("PageFaultCount", ctypes.c_uint32),
            ("PeakWorkingSetSize", ctypes.c_size_t),
            ("WorkingSetSize", ctypes.c_size_t),
            ("QuotaPeakPagedPoolUsage", ctypes.c_size_t),
            ("QuotaPagedPoolUsage", ctypes.c_size_t),
            ("QuotaPeakNonPagedPoolUsage", ctypes.c_size_t),
            ("QuotaNonPagedPoolUsage", ctypes.c_size_t),
            ("PagefileUsage", ctypes.c_size_t),
            ("PeakPagefileUsage", ctypes.c_size_t),
        )

        def __init__(self) -> None:
            super().__init__()
            self.cb = ctypes.sizeof(self)
            this_process = ctypes.c_void_p(-1)
            ctypes.windll.kernel32.K32GetProcessMemoryInfo(this_process, ctypes.byref(self), self.cb)
