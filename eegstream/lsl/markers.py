"""Read one marker outlet in threads of its own: an irregular stream of texts or numbers.

A channels of the outlet.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pylsl

from eegstream.dsp.montage import printable
from eegstream.epoch import Clock
from eegstream.lsl.discovery import LONGEST_BUFFER_S, Announcement
from eegstream.lsl.inlet import LostError, clock_of
from eegstream.wire.reasons import EndReason

log = logging.getLogger(__name__)

LONGEST_LABEL = 1000
_WAIT_S = 0.2
_FIRST_CLOCK_S = 3.0
"""Markers that come before the first estimate of the clock wait for it so long."""
_CLOCK_INTERVAL_S = 2.0
_NO_CLOCK = Clock(offset_s=None, error_s=None)


@dataclass(frozen=True)
class Marker:
    """One sample of a marker outlet."""

    t: float
    """Second on the outlet's clock."""
    clock: Clock
    label: str
    value: float | None


class MarkerReader:
    """One inlet and its threads; a connection that is lost is not taken up again.

    `sink` takes each marker, from the reader's thread.
    """

    def __init__(self, stream: Announcement, wire_name: str, sink: Callable[[Marker], None]) -> None:
        self.stream, self.wire_name = stream, wire_name
        self.end_reason: EndReason = "gone"
        self._sink = sink
        self._clock = _NO_CLOCK
        self._stop, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"markers-{wire_name}", daemon=True)

    def start(self) -> None:
        """Connect and read."""
        self._thread.start()

    def stop(self, reason: EndReason) -> None:
        """Ask the threads to end."""
        if not self._stop.is_set():
            self.end_reason = reason
            self._stop.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for the end; False if a thread hangs in liblsl."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def alive(self) -> bool:
        """Whether more markers may come."""
        return not self._ended.is_set()

    def _run(self) -> None:
        clock: threading.Thread | None = None
        try:
            inlet: Any = pylsl.StreamInlet(
                self.stream.info, max_buflen=LONGEST_BUFFER_S, recover=False, processing_flags=0, as_numpy=True
            )
            inlet.open_stream(_FIRST_CLOCK_S)
            self._ask_clock(inlet, _FIRST_CLOCK_S)
            clock = threading.Thread(target=self._keep_clock, args=(inlet,), daemon=True)
            clock.start()
            while not self._stop.is_set():
                sample, timestamp_s = inlet.pull_sample(_WAIT_S)
                if timestamp_s is not None:
                    label, value = told(sample)
                    self._sink(Marker(timestamp_s, self._clock, label, value))
        except LostError:
            log.debug("%s closed its connection", self.wire_name)
        except (RuntimeError, ValueError, MemoryError) as error:  # what pylsl raises if an outlet misbehaves
            log.warning("%s: its markers cannot be read (%s)", self.wire_name, error)
        finally:
            self._stop.set()
            if clock is not None:
                clock.join()
            self._ended.set()

    def _keep_clock(self, inlet: Any) -> None:
        while not self._stop.wait(_CLOCK_INTERVAL_S):
            self._ask_clock(inlet, _WAIT_S)

    def _ask_clock(self, inlet: Any, timeout_s: float) -> None:
        self._clock = clock_of(inlet, timeout_s) or self._clock


def told(sample: Sequence[Any]) -> tuple[str, float | None]:
    """Label and value of a sample (A,): texts and numbers joined by blanks; a single number is the value, too."""
    parts = [part.decode("utf-8", "replace") if isinstance(part, bytes) else f"{part:.10g}" for part in sample]
    label = printable(" ".join(parts))[:LONGEST_LABEL]
    try:
        value = float(label) if len(parts) == 1 else None
    except ValueError:
        value = None
    return label, value if value is not None and abs(value) < float("inf") else None
