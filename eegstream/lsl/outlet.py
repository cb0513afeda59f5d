"""Play a recording as an LSL outlet: every sample has its own timestamp.

A channels, T samples.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pylsl
from numpy.typing import NDArray

from eegstream.files.recordings import OUTLET_FORMAT, OUTLET_TYPE, Recording

_CHUNKS_PER_SECOND = 50
_FAREWELL_S = 2.0
_LONGEST_PAUSE_S = 10.0
_WAIT_STEP_S = 0.2


@dataclass(frozen=True)
class Pace:
    """How a recording is played."""

    speed: float = 1.0
    """Recording seconds per second; infinite means as fast as possible. Timestamps keep the recording's own time."""
    chunk: int | None = None
    """Samples pushed at a time; None for 20 ms."""
    loop: bool = False


class RecordingOutlet:
    """An outlet that plays one recording; `name` replaces the recording's own."""

    def __init__(self, recording: Recording, name: str | None = None) -> None:
        self._recording = recording
        self._outlet = pylsl.StreamOutlet(_stream_info(recording, name or recording.name))

    def wait_for_consumer(self, stop: threading.Event) -> bool:
        """Wait until a reader has subscribed; False if `stop` was set before."""
        while not stop.is_set():
            if self._outlet.wait_for_consumers(_WAIT_STEP_S):
                return True
        return False

    def play(self, pace: Pace, stop: threading.Event) -> Iterator[int]:
        """Push the samples, yield the number pushed so far after each chunk.

        The outlet stays open for two seconds after the last sample, so that readers get everything.
        """
        recording = self._recording
        step = pace.chunk or max(1, round(recording.rate_hz / _CHUNKS_PER_SECOND))
        samples = np.ascontiguousarray(recording.samples.T)
        times_s = recording.times_s
        due_s = push_times_s(times_s, recording.rate_hz) / pace.speed
        duration_s = float(np.max(times_s, where=np.isfinite(times_s), initial=0.0))
        duration_s += 1 / recording.rate_hz
        start_s, rounds, pushed = pylsl.local_clock(), 0, 0
        while True:
            for first in range(0, len(samples), step):
                chunk = slice(first, first + step)
                lap_s = rounds * duration_s
                if stop.wait(max(0.0, start_s + lap_s / pace.speed + due_s[chunk][-1] - pylsl.local_clock())):
                    return
                self._outlet.push_chunk(samples[chunk], (start_s + lap_s + times_s[chunk]).tolist())
                pushed += len(samples[chunk])
                yield pushed
            rounds += 1
            if not pace.loop:
                break
        stop.wait(_FAREWELL_S)


def play_together(outlets: Sequence[RecordingOutlet], pace: Pace, stop: threading.Event) -> Iterator[int]:
    """Play several outlets at once, each from its own thread; yield the number of samples pushed by all."""
    if len(outlets) == 1:
        yield from outlets[0].play(pace, stop)
        return
    pushed = [0] * len(outlets)

    def play(index: int) -> None:
        for count in outlets[index].play(pace, stop):
            pushed[index] = count

    threads = [threading.Thread(target=play, args=(index,), daemon=True) for index in range(len(outlets))]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        stop.wait(_WAIT_STEP_S)
        yield sum(pushed)
    yield sum(pushed)


def push_times_s(times_s: NDArray[np.float64], rate_hz: float) -> NDArray[np.float64]:
    """When to push samples (T,) whose file times are `times_s`, in seconds since the first.

    These are the file's times, with two exceptions: a step back or a non-finite time takes one interval, and a hole
    takes at most 10 s.
    """
    times_s = np.where(np.isfinite(times_s), times_s, np.nan)
    steps_s = np.diff(times_s, prepend=times_s[:1])
    steps_s[0] = 0.0
    steps_s[~(steps_s >= 0)] = 1 / rate_hz
    return np.cumsum(np.minimum(steps_s, _LONGEST_PAUSE_S))


def _stream_info(recording: Recording, name: str) -> pylsl.StreamInfo:
    info = pylsl.StreamInfo(
        name=name,
        type=OUTLET_TYPE,
        channel_count=len(recording.labels),
        nominal_srate=recording.rate_hz,
        channel_format=OUTLET_FORMAT,
        source_id=recording.source_id,
    )
    channels = info.desc().append_child("channels")
    for label, kind, unit in zip(recording.labels, recording.types, recording.units, strict=True):
        channel = channels.append_child("channel")
        channel.append_child_value("label", label)
        channel.append_child_value("unit", unit)
        channel.append_child_value("type", kind)
    return info
