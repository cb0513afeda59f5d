"""One connection to an outlet, which never asks the outlet for its description.

A channels of the source, n samples in a chunk.
"""

import ctypes
from typing import Any

import numpy as np
import pylsl
from numpy.typing import NDArray
from pylsl.lib import lib as liblsl
from pylsl.util import LostError, handle_error
from pylsl.util import TimeoutError as LslTimeoutError

from eegstream.epoch import Clock
from eegstream.lsl.discovery import Announcement

MOST_SAMPLES = 1024
"""Most samples that one pull brings."""
_PULL = {"float32": "f", "double64": "d", "int32": "i", "int16": "s", "int8": "c", "int64": "l"}
"""By format: the last letter of liblsl's function that pulls a sample."""
_DTYPES = {"float32": "f4", "double64": "f8", "int32": "i4", "int16": "i2", "int8": "i1", "int64": "i8"}
_keeping_the_gil = ctypes.PyDLL(liblsl._name)  # noqa: SLF001 - the very library that pylsl loaded


class Inlet:
    """An inlet without recovery, because liblsl's recovery joins two lives of an outlet without notice.

    Samples are pulled one by one: liblsl's call for a chunk first fetches the description, without limits of time and
    memory. All calls but the one that waits return at once and keep Python's lock, so that other threads do not come
    in between.

    Raises:
        RuntimeError: liblsl refuses the outlet.
    """

    def __init__(self, stream: Announcement, buffer_s: int) -> None:
        self._inlet: Any = pylsl.StreamInlet(stream.info, max_buflen=buffer_s, recover=False, processing_flags=0)
        n_channels = self._inlet.channel_count
        self._samples = np.empty((MOST_SAMPLES, n_channels), _DTYPES[stream.format])
        self._timestamps_s = np.empty(MOST_SAMPLES)
        self._code = ctypes.c_int()
        name = f"lsl_pull_sample_{_PULL[stream.format]}"
        self._wait, self._take = _puller(liblsl, name), _puller(_keeping_the_gil, name)
        first, step = self._samples.ctypes.data, self._samples.strides[0]
        self._rows = [first + index * step for index in range(MOST_SAMPLES)]
        self._constant = self._inlet.obj, n_channels, ctypes.byref(self._code)

    def open(self, timeout_s: float) -> bool:
        """Connect; False if the outlet has not answered in time. Call again to go on waiting.

        Raises:
            LostError: the outlet closed the connection.
        """
        try:
            self._inlet.open_stream(timeout_s)
        except LslTimeoutError:
            return False
        return True

    def pull(self, timeout_s: float) -> tuple[NDArray[Any], NDArray[np.float64]]:
        """What has come, (A, n), with the sender's timestamps (n,); waits at most `timeout_s` for the first sample.

        Raises:
            LostError: the outlet closed the connection.
        """
        handle, n_channels, code = self._constant
        count = 0
        timestamp_s = self._wait(handle, self._rows[0], n_channels, timeout_s, code)
        while timestamp_s and not self._code.value:
            self._timestamps_s[count] = timestamp_s
            count += 1
            if count == MOST_SAMPLES:
                break
            timestamp_s = self._take(handle, self._rows[count], n_channels, 0.0, code)
        if not count:
            handle_error(self._code)
        return self._samples[:count].copy().T, self._timestamps_s[:count].copy()

    def clock(self, timeout_s: float) -> Clock | None:
        """The offset of the outlet's clock, and its uncertainty; None if not yet known."""
        return clock_of(self._inlet, timeout_s)


def clock_of(inlet: Any, timeout_s: float) -> Clock | None:
    """As `Inlet.clock`, of an inlet of pylsl, which has no call for the uncertainty."""
    remote_s, error_s, code = ctypes.c_double(), ctypes.c_double(), ctypes.c_int()
    offset_s = _clock_offset(
        inlet.obj, ctypes.byref(remote_s), ctypes.byref(error_s), ctypes.c_double(timeout_s), ctypes.byref(code)
    )
    return None if code.value else Clock(offset_s=offset_s, error_s=error_s.value)


def _puller(library: Any, name: str) -> Any:
    """A function object of our own, so that pylsl's does not change."""
    prototype = (ctypes.CFUNCTYPE if library is liblsl else ctypes.PYFUNCTYPE)(
        ctypes.c_double, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int32, ctypes.c_double, ctypes.c_void_p
    )
    return prototype((name, library))


_clock_offset = liblsl.lsl_time_correction_ex
_clock_offset.restype = ctypes.c_double

__all__ = ["MOST_SAMPLES", "Inlet", "LostError", "clock_of"]
