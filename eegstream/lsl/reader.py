"""Read one outlet in a separate thread, until it is gone.

A channels of the source, n samples in a chunk.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import pylsl
from numpy.typing import NDArray

from eegstream.epoch import Clock
from eegstream.errors import EegstreamError, StreamError
from eegstream.lsl.discovery import Announcement
from eegstream.lsl.inlet import MOST_SAMPLES, Inlet, LostError
from eegstream.lsl.memory import growth_limited
from eegstream.lsl.metadata import stream_geometry
from eegstream.lsl.prober import Prober, UnansweredError
from eegstream.stream import StreamGeometry
from eegstream.wire.reasons import EndReason

log = logging.getLogger(__name__)

_OPEN_TIMEOUT_S = 3.0
_WAIT_S = 0.2
"""Longest call into liblsl: a reader that is told to stop does so within this time."""
_MOST_GROWTH_MIB = 1024
"""How much the daemon may grow while outlets are being opened: enough for dozens of them at a time."""
_CATCH_UP_S = 2.0
"""Within this time the samples of a time in which the process did not run have come."""
_AWAY_S = 2 * _WAIT_S
"""A pull that returns later than this after the one before it was held up: this process did not run."""
_CLOCK_INTERVAL_S = 2.0
_NO_CLOCK = Clock(offset_s=None, error_s=None)
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


class _Waiting:
    """Since when the samples of a pull may have waited in this process.

    If the process did not run for a while, the samples of that time come after it, in one pull or in several; the first
    pulls may bring none.
    """

    def __init__(self) -> None:
        self._away: tuple[float, float] | None = None
        """When this process last ran before it was held up, and when it ran again."""
        self._full_since_s: float | None = None
        """When the first of a row of full pulls returned: more samples wait."""

    def note_pull(self, before_s: float, pulled_s: float) -> None:
        """Note that a pull returned at `pulled_s`, and the one before it at `before_s`."""
        if pulled_s - before_s > _AWAY_S:
            self._away = (before_s, pulled_s)

    def since_s(self, timestamps_s: NDArray[np.float64], clock: Clock, pulled_s: float) -> float:
        """Earliest time since which the samples of a pull may have waited."""
        since_s = pulled_s if self._full_since_s is None else self._full_since_s
        self._full_since_s = since_s if len(timestamps_s) == MOST_SAMPLES else None
        if self._away is None:
            return since_s
        left_s, back_s = self._away
        is_old = clock.offset_s is not None and timestamps_s[0] + clock.offset_s < back_s
        if clock.offset_s is None or not is_old or pulled_s - back_s > _CATCH_UP_S:
            self._away = None
        return left_s if is_old or clock.offset_s is None else since_s


class Reader:
    """One inlet and its threads: one that pulls, one that asks for the clock.

    `prober` asks the outlet for its description, before the daemon connects to it; `admit` raises if a stream with that
    description cannot be used. The inlet is destroyed only when both threads have left it. If a thread hangs, the inlet
    is kept, because liblsl would crash.
    """

    def __init__(
        self,
        stream: Announcement,
        wire_name: str,
        sink: Sink,
        prober: Prober,
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
        self.why: str | None = None
        """Why it ended; None before."""
        self.buffer_s = stream.buffer_s(buffer_bytes, self.rate_hz)
        self._sink, self._prober, self._admit = sink, prober, admit
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

    def abandon(self, why: str) -> None:
        """End it although its thread is stuck; what the thread may bring later is not taken."""
        self.stop("gone")
        self.why = why
        self._sink.closed(self, why)
        self._ended.set()

    def _run(self) -> None:
        """Read until the end; the sink's `closed` is called in every case, also after an error."""
        clock: threading.Thread | None = None
        why = "its reader failed"
        try:
            geometry = stream_geometry(self.stream, self._prober.describe(self.stream, self._stop))
            self._admit(geometry)
            inlet = Inlet(self.stream, self.buffer_s)
            self._open(inlet)
            clock = threading.Thread(target=self._ask_clock, args=(inlet,), name=f"clock-{self.wire_name}", daemon=True)
            clock.start()
            self.opened = True
            self._sink.opened(self, geometry)
            why = self._pull(inlet)
        except EegstreamError as error:
            why = self.refusal = str(error)
        except UnansweredError as error:
            why = str(error)
        except _TROUBLE as error:
            why = _reason(error)
        except Exception as error:
            why = f"its reader failed ({type(error).__name__}: {error})"
            log.exception("%s: its reader failed", self.wire_name)
        finally:
            self._stop.set()
            if self.alive:
                self.why = why
                self._sink.closed(self, why)
                self._ended.set()
            if clock is not None:
                clock.join()

    def _open(self, inlet: Inlet) -> None:
        """Connect. An answer in LSL's protocol 1.00 may make liblsl reserve any amount of memory."""
        end_s = time.monotonic() + _OPEN_TIMEOUT_S
        try:
            with growth_limited(_MOST_GROWTH_MIB):
                while not inlet.open(_WAIT_S):
                    if self._stop.is_set():
                        raise UnansweredError("stopped")
                    if time.monotonic() > end_s:
                        raise UnansweredError(f"it did not answer a request for data within {_OPEN_TIMEOUT_S:g} s")
        except LostError:
            raise UnansweredError(
                "it closed the connection for data, or its answer was not of LSL's protocol"
            ) from None

    def _pull(self, inlet: Inlet) -> str:
        waiting = _Waiting()
        self.pulled_s = pylsl.local_clock()
        while not self._stop.is_set():
            raw, timestamps_s = inlet.pull(_WAIT_S)
            pulled_s, before_s = pylsl.local_clock(), self.pulled_s
            self.pulled_s = pulled_s
            waiting.note_pull(before_s, pulled_s)
            if len(timestamps_s):
                self.last_samples_s = pulled_s
                since_s = waiting.since_s(timestamps_s, self.clock, pulled_s)
                self._sink.samples(self, raw, timestamps_s, pulled_s, since_s)
        return "stopped"

    def _ask_clock(self, inlet: Inlet) -> None:
        """Keep `clock` up to date; the first answer takes some calls."""
        while not self._stop.is_set():
            clock = inlet.clock(_WAIT_S)
            if clock is not None:
                self.clock = clock
                self._stop.wait(_CLOCK_INTERVAL_S)


def inspect(stream: Announcement, prober: Prober, stop: threading.Event) -> StreamGeometry:
    """Ask an outlet for its description, without taking samples.

    Raises:
        StreamError: the outlet gives no description, or `stop` was set.
    """
    try:
        return stream_geometry(stream, prober.describe(stream, stop))
    except UnansweredError as error:
        raise StreamError(str(error)) from None


def _reason(error: Exception) -> str:
    if isinstance(error, LostError):
        return "the outlet closed its connection"
    return f"liblsl refused it ({error})"
