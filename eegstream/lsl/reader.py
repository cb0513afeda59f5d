"""Read one outlet from a thread of its own, until it is gone.

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

from eegstream.epoch import Clock, StreamGeometry
from eegstream.errors import EegstreamError, StreamError
from eegstream.lsl.discovery import Announcement
from eegstream.lsl.metadata import stream_geometry
from eegstream.wire.reasons import EndReason

log = logging.getLogger(__name__)

_OPEN_TIMEOUT_S = 3.0
_PULL_TIMEOUT_S = 0.2
_MOST_SAMPLES = 1024
_CLOCK_TIMEOUT_S = 1.0
_CLOCK_INTERVAL_S = 2.0
_NO_CLOCK = Clock(offset_s=None, error_s=None)
_GLANCE_BYTES, _GLANCE_HZ = 1024 * 1024, 250.0
_TROUBLE = (RuntimeError, ValueError, MemoryError)
"""What pylsl raises when an outlet does not do as it should; its own errors are RuntimeErrors."""


class Sink(Protocol):
    """Who takes what a reader finds; called from the reader's thread."""

    def opened(self, reader: "Reader", geometry: StreamGeometry) -> None:
        """The outlet answered; samples follow."""

    def samples(self, reader: "Reader", raw: NDArray[Any], stamps_s: NDArray[np.float64], arrived_s: float) -> None:
        """A chunk (A, n) with the sender's stamps (n,), pulled at `arrived_s`."""

    def closed(self, reader: "Reader", why: str) -> None:
        """The last call: the outlet is gone, never answered, or the reader was stopped."""


class Reader:
    """One inlet and its threads: one that pulls, one that asks for the clock.

    `admit` raises if a stream of that description cannot be used. `recover=False`, since liblsl's recovery joins two
    lives of an outlet without a word. The inlet is destroyed only
    when both threads have left it; a hung one keeps it, as liblsl crashes otherwise.
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
        """What buffers are made for: the user's say, else the nominal rate."""
        self.wire_name = wire_name
        self.clock = _NO_CLOCK
        self.end_reason: EndReason = "gone"
        """What its epoch's `end` will say."""
        self.opened = False
        """Whether the outlet answered."""
        self.last_samples_s = pylsl.local_clock()
        """When samples came last; at first, when the reader was made."""
        self.refusal: str | None = None
        """Why its stream is of no use, as far as its description tells."""
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
        """Whether more may come from it."""
        return not self._ended.is_set()

    def _run(self) -> None:
        """Whatever happens here, the sink hears the last word: a reader never lives on as a ghost."""
        clock: threading.Thread | None = None
        why = "its reader failed"
        try:
            inlet = pylsl.StreamInlet(self.stream.info, max_buflen=self.buffer_s, recover=False, processing_flags=0)
            # The first pull fetches the full info without any timeout: fetch it with one before.
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
        while not self._stop.is_set():
            samples, stamps_s = inlet.pull_chunk(_PULL_TIMEOUT_S, _MOST_SAMPLES, min_samples=1, as_numpy=True)
            if len(stamps_s):
                self.last_samples_s = pylsl.local_clock()
                self._sink.samples(self, samples.T, stamps_s, self.last_samples_s)
        return "stopped"

    def _ask_clock(self, inlet: Any) -> None:
        """Keep `clock` up to date. pylsl has no call for the uncertainty, liblsl has."""
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
        StreamError: it gives none.
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
        return f"it gave no answer within {_OPEN_TIMEOUT_S:g} s"
    if isinstance(error, UnicodeDecodeError):
        return "its description is not UTF-8"
    return f"liblsl refused it ({error})"
