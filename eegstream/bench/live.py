"""A daemon with outlets: how long after the push of a patch's last sample its codes arrive, and what that takes.

The patch's own length and the resampler's delay are not counted: they are the same for any program. The last sample
that a patch needs follows from its number, so each patch is compared with the push of the chunk that held this sample.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import pylsl
from numpy.typing import NDArray

from eegstream.bench.spread import Spread
from eegstream.bench.usage import Meter, Usage
from eegstream.client import Codes, End, Gap, Loss, Spec, Subscriber
from eegstream.errors import EegstreamError

_START_S = 150.0
_END_S = 30.0
_POLL_S = 0.1
_EARLY = "codes came before their last sample: the clocks of the outlets and of this process differ"


@dataclass(frozen=True)
class Load:
    """What is sent: `streams` outlets of `channels` at `rate_hz`, `chunk` samples at a time, for `seconds`."""

    streams: int = 1
    channels: int = 64
    rate_hz: int = 1000
    chunk: int = 10
    seconds: int = 60


@dataclass
class Heard:
    """What came of one stream."""

    spec: Spec | None = None
    codes: list[tuple[float, int, int]] = field(default_factory=list)
    """When it came, number of the first patch, count of patches."""
    gaps: int = 0
    lost: int = 0
    received: int = 0
    """Samples of segments that are over."""
    is_over: bool = False


@dataclass(frozen=True)
class LiveResult:
    """How a daemon carried a load."""

    load: Load
    patches: int
    """Patches of one channel."""
    added: Spread
    """From the push of a patch's last needed sample to the receipt of its codes; once for each message of codes."""
    first_half: Spread
    second_half: Spread
    """The same of both halves of the time: a daemon that falls behind shows here."""
    gaps: int
    lost: int
    """Messages that were sent but did not come."""
    missing: int
    """Samples that were pushed and not received."""
    daemon: Usage


class Listener:
    """A subscriber in a thread of its own, with the moment of each message on the clock of LSL."""

    def __init__(self, url: str) -> None:
        self.streams: dict[str, Heard] = {}
        self._url, self._stop = url, threading.Event()
        self._connected = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Listener":
        self._thread.start()
        if not self._connected.wait(_END_S):
            raise EegstreamError(f"nothing came from {self._url} within {_END_S:g} s")
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(_END_S)

    def wait_for_ends(self, count: int) -> None:
        """Wait until so many streams are over, or until nothing more can be expected."""
        deadline_s = time.monotonic() + _END_S
        while time.monotonic() < deadline_s:
            if sum(heard.is_over for heard in self.streams.values()) >= count:
                return
            time.sleep(_POLL_S)

    def _run(self) -> None:
        with Subscriber(self._url) as subscriber:
            while not self._stop.is_set():
                item = subscriber.receive(_POLL_S)
                now_s = pylsl.local_clock()
                if item is None:
                    continue
                self._connected.set()
                heard = self.streams.setdefault(item.stream, Heard())
                if isinstance(item, Codes):
                    heard.codes.append((now_s, item.first, item.shape[0]))
                elif isinstance(item, Spec):
                    heard.spec = item
                elif isinstance(item, Gap | End):
                    heard.received += item.received
                    heard.gaps += isinstance(item, Gap)
                    heard.is_over = isinstance(item, End)
                elif isinstance(item, Loss):
                    heard.lost += item.count


@contextmanager
def pushing(name: str, load: Load, environment: Mapping[str, str]) -> Iterator["subprocess.Popen[str]"]:
    """Outlets that are up, and begin when all have a reader."""
    numbers = (load.streams, load.channels, load.rate_hz, load.chunk, load.seconds)
    arguments = [sys.executable, "-m", "eegstream.bench.outlets", name, *map(str, numbers)]
    with subprocess.Popen(  # noqa: S603 - our own command line
        arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def pushed_by(process: "subprocess.Popen[str]", load: Load) -> NDArray[np.float64]:
    """Moments (streams, chunks) of the pushes, waiting for the outlets' end.

    Raises:
        EegstreamError: they did not end well.
    """
    said, _ = process.communicate(timeout=load.seconds + _START_S)
    if process.returncode:
        raise EegstreamError("nobody read the outlets in time", "Try fewer streams")
    return np.array(json.loads(said))


def added_s(heard: Heard, load: Load, pushed_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Time (M,) from the push of the last needed sample to the receipt of each of a stream's messages of codes.

    `pushed_s` (chunks,) are the moments of the pushes.

    Raises:
        EegstreamError: codes came before their samples.
    """
    spec = heard.spec
    if spec is None:
        return np.empty(0)
    model_rate_hz = spec.model_rate_hz or spec.rate_hz
    came_s = np.array([moment_s for moment_s, _, _ in heard.codes])
    last_patch = np.array([first + count - 1 for _, first, count in heard.codes])
    last_output = last_patch * spec.hop + spec.patch - 1
    last_input = np.ceil((last_output / model_rate_hz + spec.delay_s) * load.rate_hz - 1e-6).astype(int)
    times_s: NDArray[np.float64] = came_s - pushed_s[np.minimum(last_input // load.chunk, len(pushed_s) - 1)]
    if times_s.size and times_s.min() < 0:
        raise EegstreamError(_EARLY, "Run the benchmark on one machine")
    return times_s


def result(load: Load, streams: Sequence[Heard], pushed_s: NDArray[np.float64], daemon: Usage) -> LiveResult:
    """The result of what was heard of each outlet, in their order.

    Raises:
        EegstreamError: a stream has no codes, or they came before their samples.
    """
    times_s = [added_s(heard, load, pushed_s[n]) for n, heard in enumerate(streams)]
    if not all(len(times) > 1 for times in times_s):
        raise EegstreamError("a stream had fewer than 2 messages of codes", "Give more --seconds")
    received = sum(heard.received for heard in streams)
    return LiveResult(
        load,
        sum(count for heard in streams for _, _, count in heard.codes) * load.channels,
        Spread.of(np.concatenate(times_s)),
        Spread.of(np.concatenate([times[: len(times) // 2] for times in times_s])),
        Spread.of(np.concatenate([times[len(times) // 2 :] for times in times_s])),
        sum(heard.gaps for heard in streams),
        sum(heard.lost for heard in streams),
        pushed_s.size * load.chunk - received,
        daemon,
    )


def run(name: str, load: Load, url: str, pid: int, environment: Mapping[str, str]) -> LiveResult:
    """Send a load to the daemon at `url`, which is process `pid`, and take its measure.

    Raises:
        EegstreamError: the load could not be sent, or no codes came.
    """
    with Listener(url) as listener, pushing(name, load, environment) as outlets:
        deadline_s = time.monotonic() + _START_S
        while time.monotonic() < deadline_s and sum(bool(h.codes) for h in listener.streams.values()) < load.streams:
            if outlets.poll():
                break
            time.sleep(_POLL_S)
        meter = Meter(pid)
        pushed_s = pushed_by(outlets, load)
        usage = meter.read()
        listener.wait_for_ends(load.streams)
        by_name = {heard.spec.source.name: heard for heard in listener.streams.values() if heard.spec is not None}
    streams = [by_name.get(f"{name}-{n}", Heard()) for n in range(load.streams)]
    return result(load, streams, pushed_s, usage)
