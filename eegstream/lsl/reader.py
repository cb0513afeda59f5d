"""Read one outlet in a separate thread, until it is gone.

A channels of the source, n samples in a chunk.
"""

import ctypes
import logging
import threading
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import pylsl
from numpy.typing import NDArray
from pylsl.lib import lib as liblsl
from pylsl.util import LostError
from pylsl.util import TimeoutError as LslTimeoutError

from eegstream.epoch import Clock
from eegstream.errors import EegstreamError, StreamError
from eegstream.lsl.discovery import Announcement
from eegstream.lsl.metadata import stream_geometry
from eegstream.stream import StreamGeometry
from eegstream.wire.reasons import EndReason

log = logging.getLogger(__name__)

_OPEN_TIMEOUT_S = 3.0
_PULL_TIMEOUT_S = 0.2
_MOST_SAMPLES = 1024
_AWAY_S = 2 * _PULL_TIMEOUT_S
"""A pull that returns later than this after the one before it was held up: this process did not run."""
_CLOCK_TIMEOUT_S = 1.0
_CLOCK_INTERVAL_S = 2.0
_NO_CLOCK = Clock(offset_s=None, error_s=None)
_GLANCE_BYTES, _GLANCE_HZ = 1024 * 1024, 250.0
_TROUBLE = (RuntimeError, ValueError, MemoryError)
"""What pylsl raises if an outlet misbehaves; its own errors are RuntimeErrors."""


class Sink(Protocol):
    """Receives what a reader reads; called from the reader's thread."""

    def opened(self, reader: "Reader", geometry: StreamGeometry) -> None:
        """The outlet answered; samples follow."""

    def samples(
        self,
        reader: "Reader",
        raw: NDArray[Any],
        timestamps_s: NDArray[np.float64],
        arrived_s: float,
        waiting_since_s: float,
    ) -> None:
        """A chunk (A, n) with the sender's timestamps (n,), pulled at `arrived_s`.

        It may have waited in this process since `waiting_since_s`: the reader did not get to it.
        """

    def closed(self, reader: "Reader", why: str) -> None:
        """The last call: the outlet is gone, never answered, or the reader was stopped."""


class Reader:
    """One inlet and its threads: one that pulls, one that asks for the clock.

    `admit` raises if a stream with that description cannot be used. The inlet has `recover=False`, because liblsl's
    recovery joins two lives of an outlet without notice. The inlet is destroyed only when both threads have left it.
    If a thread hangs, the inlet is kept, because liblsl would crash.
    """

    def __init__(
        self,
        stream: Announcement,
        wire_name: str,
        sink: Sink,
        buffer_bytes: int,
        rate_hz: float | None = None,
        admit: Callable[[StreamGeometry], None] = lambda _: None,
    ) -> None:
        self.stream = stream
        self.rate_hz = rate_hz or stream.rate_hz
        """The rate that sets the size of buffers: the user's rate, else the nominal rate."""
        self.wire_name = wire_name
        self.clock = _NO_CLOCK
        self.end_reason: EndReason = "gone"
        """The reason for the `end` of its epoch."""
        self.opened = False
        """Whether the outlet answered."""
        self.last_samples_s = pylsl.local_clock()
        """When the last samples came; before any samples, when the reader was made."""
        self.pulled_s = self.last_samples_s
        """When liblsl last returned from a pull, with samples or without."""
        self.refusal: str | None = None
        """Why its stream cannot be used according to its description; else None."""
        self.buffer_s = stream.buffer_s(buffer_bytes, self.rate_hz)
        self._sink, self._admit = sink, admit
        self._stop, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"read-{wire_name}", daemon=True)

    def start(self) -> None:
        """Open the inlet and read."""
        self._thread.start()

    def stop(self, reason: EndReason) -> None:
        """Ask the threads to end; `join` waits for them."""
        if not self._stop.is_set():
            self.end_reason = reason
            self._stop.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for the end; False if a thread is stuck in liblsl."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def alive(self) -> bool:
        """Whether more samples may come from it."""
        return not self._ended.is_set()

    def _run(self) -> None:
        """Read until the end; the sink's `closed` is called in every case, also after an error."""
        clock: threading.Thread | None = None
        why = "its reader failed"
        try:
            inlet = pylsl.StreamInlet(self.stream.info, max_buflen=self.buffer_s, recover=False, processing_flags=0)
            # The first pull would fetch the full info without a timeout, so fetch it with a timeout before.
            inlet.open_stream(_OPEN_TIMEOUT_S)
            geometry = stream_geometry(self.stream, inlet.info(_OPEN_TIMEOUT_S))
            self._admit(geometry)
            clock = threading.Thread(target=self._ask_clock, args=(inlet,), name=f"clock-{self.wire_name}", daemon=True)
            clock.start()
            self.opened = True
            self._sink.opened(self, geometry)
            why = self._pull(inlet)
        except EegstreamError as error:
            why = self.refusal = str(error)
            log.warning("%s refused: %s", self.wire_name, why)
        except _TROUBLE as error:
            why = _reason(error)
        except Exception as error:
            why = f"its reader failed ({type(error).__name__}: {error})"
            log.exception("%s: its reader failed", self.wire_name)
        finally:
            self._stop.set()
            self._sink.closed(self, why)
            self._ended.set()
            if clock is not None:
                clock.join()

    def _pull(self, inlet: Any) -> str:
        waiting_since_s = self.pulled_s = pylsl.local_clock()
        is_behind = False
        while not self._stop.is_set():
            samples, timestamps_s = inlet.pull_chunk(_PULL_TIMEOUT_S, _MOST_SAMPLES, min_samples=1, as_numpy=True)
            pulled_s, before_s = pylsl.local_clock(), self.pulled_s
            self.pulled_s = pulled_s
            if pulled_s - before_s > _AWAY_S:
                waiting_since_s = before_s
            elif not is_behind:
                waiting_since_s = pulled_s
            is_behind = len(timestamps_s) == _MOST_SAMPLES
            if len(timestamps_s):
                self.last_samples_s = pulled_s
                self._sink.samples(self, samples.T, timestamps_s, pulled_s, waiting_since_s)
        return "stopped"

    def _ask_clock(self, inlet: Any) -> None:
        """Keep `clock` up to date. Only liblsl, not pylsl, has a call that gives the uncertainty."""
        remote_s, error_s, code = ctypes.c_double(), ctypes.c_double(), ctypes.c_int()
        ask = liblsl.lsl_time_correction_ex
        ask.restype = ctypes.c_double
        while not self._stop.is_set():
            offset_s = ask(
                inlet.obj,
                ctypes.byref(remote_s),
                ctypes.byref(error_s),
                ctypes.c_double(_CLOCK_TIMEOUT_S),
                ctypes.byref(code),
            )
            if code.value == 0:
                self.clock = Clock(offset_s=offset_s, error_s=error_s.value)
            self._stop.wait(_CLOCK_INTERVAL_S)


def inspect(stream: Announcement) -> StreamGeometry:
    """Ask an outlet for its description, without taking samples.

    Raises:
        StreamError: the outlet gives no description.
    """
    try:
        buffer_s = stream.buffer_s(_GLANCE_BYTES, stream.rate_hz or _GLANCE_HZ)
        inlet = pylsl.StreamInlet(stream.info, max_buflen=buffer_s, recover=False, processing_flags=0)
        return stream_geometry(stream, inlet.info(_OPEN_TIMEOUT_S))
    except _TROUBLE as error:
        raise StreamError(_reason(error)) from None


def _reason(error: Exception) -> str:
    if isinstance(error, LostError):
        return "the outlet closed its connection"
    if isinstance(error, LslTimeoutError):
        return f"it did not answer within {_OPEN_TIMEOUT_S:g} s"
    if isinstance(error, UnicodeDecodeError):
        return "its description is not UTF-8"
    return f"liblsl refused it ({error})"
