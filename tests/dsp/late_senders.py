"""Made-up senders that deliver everything, but late: polls, packets, stalls, held-up processes.

T samples; times and timestamps in seconds. A source takes a sample each 1 / rate; a push carries all that is ready.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

ROW_S = 20e-6
"""From one row of a burst to the next."""


@dataclass(frozen=True)
class Sender:
    """How one program sends: when it pushes, and what timestamps the rows of a push get."""

    name: str
    pushes: Callable
    """(rng, true times (T,), rate) -> times (T,) at which each sample is pushed, never falling."""
    deduced: bool = False
    """One timestamp a push, the last row's; the others are counted back in nominal intervals. Else one a row."""
    interval_s: float = 0.0
    """The burst interval in seconds, 0 if it hangs on the rate or there is none."""
    rows: int = 0
    """The burst interval in samples, 0 if it does not hang on the rate."""
    speed: float = 1.0
    """Of the source, in nominal rates."""

    def __str__(self) -> str:
        return self.name

    def burst_s(self, rate_hz: float) -> float:
        return self.interval_s or self.rows / rate_hz

    def make(self, rng, rate_hz, seconds):
        """(T,) true times and timestamps of a stream of about so many seconds, begun anywhere."""
        length = round(seconds * rate_hz * self.speed)
        spare = round(3 * rate_hz)
        true_s = 1000.0 + rng.random() + np.arange(length + 2 * spare) / (rate_hz * self.speed)
        first = int(rng.integers(0, spare))
        part = slice(first, first + length)
        return true_s[part], self.timestamps(rng, true_s, rate_hz)[part]

    def timestamps(self, rng, true_s, rate_hz):
        push_s = np.maximum.accumulate(self.pushes(rng, true_s, rate_hz))
        place = np.arange(push_s.size)
        first = np.flatnonzero(np.diff(push_s, prepend=-np.inf) > 0)
        number = np.repeat(np.arange(first.size), np.diff(np.r_[first, push_s.size]))
        if self.deduced:
            last = np.r_[first[1:], push_s.size] - 1
            return push_s - (last[number] - place) / rate_hz
        return np.maximum.accumulate(push_s + ROW_S * (place - first[number]))


def _held_up(rng, times_s, every_s, shortest_s, longest_s):
    """Move what falls into a stall to its end; (T,) never falling."""
    span_s = times_s[-1] - times_s[0]
    count = max(1, int(span_s / every_s))
    start_s = times_s[0] + np.sort(rng.random(count)) * span_s
    end_s = np.minimum(start_s + rng.uniform(shortest_s, longest_s, size=count), np.append(start_s[1:], np.inf))
    nearest = np.searchsorted(start_s, times_s, side="right") - 1
    return np.where(nearest >= 0, np.maximum(times_s, end_s[nearest]), times_s)


def at_once(rng, true_s, rate_hz):
    """Each sample by itself, at its time."""
    return true_s.copy()


def polls(every_s, overshoot_s=0.002, adrift=False):
    """Ask each `every_s`; a timer is late by some ms, and may count from where it woke."""

    def pushes(rng, true_s, rate_hz):
        count = int((true_s[-1] - true_s[0]) / every_s) + 3
        late_s = rng.exponential(overshoot_s, size=count)
        wake_s = np.cumsum(every_s + late_s) if adrift else np.arange(count) * every_s + late_s
        wake_s = np.maximum.accumulate(true_s[0] + every_s * rng.random() + wake_s)
        return np.r_[wake_s, np.inf][np.searchsorted(wake_s, true_s)].clip(max=true_s[-1] + every_s)

    return pushes


def packets(length, late_s=0.001):
    """So many rows at once, up to some ms after the last of them was taken (exponential)."""

    def pushes(rng, true_s, rate_hz):
        number = (np.arange(true_s.size) + rng.integers(length)) // length
        last = np.r_[np.flatnonzero(np.diff(number)), true_s.size - 1][number - number[0]]
        return true_s[last] + rng.exponential(late_s, size=number[-1] + 1)[number]

    return pushes


def stalled(pushes, shortest_s=0.05, longest_s=2.0, every_s=6.0):
    """Now and then nothing goes out for a while; everything does afterwards, at once."""
    return lambda rng, true_s, rate_hz: _held_up(rng, pushes(rng, true_s, rate_hz), every_s, shortest_s, longest_s)


def catching_up(pace, shortest_s=0.05, longest_s=2.0, every_s=12.0):
    """Stalls after which the samples come at `pace` times the usual one until all are there."""

    def pushes(rng, true_s, rate_hz):
        push_s = _held_up(rng, true_s, every_s, shortest_s, longest_s)
        step_s = np.arange(true_s.size) * (true_s[1] - true_s[0]) / pace
        return np.maximum(true_s, np.maximum.accumulate(push_s - step_s) + step_s)

    return pushes


def exponential(mean_s):
    """Each sample late by an exponential time, and none before its predecessor."""
    return lambda rng, true_s, _rate_hz: true_s + rng.exponential(mean_s, size=true_s.size)


POLLS = (0.05, 0.1, 0.2, 0.5, 1.0)
SENDERS = [
    *(Sender(f"poll {1e3 * s:g} ms, row by row", polls(s), interval_s=s) for s in POLLS),
    *(Sender(f"poll {1e3 * s:g} ms adrift, row by row", polls(s, 0.005, adrift=True), interval_s=s) for s in POLLS),
    *(Sender(f"poll {1e3 * s:g} ms, one timestamp", polls(s), True, interval_s=s) for s in POLLS),
    *(
        Sender(f"poll {1e3 * s:g} ms adrift, one timestamp", polls(s, 0.005, adrift=True), True, interval_s=s)
        for s in POLLS
    ),
    *(Sender(f"packets of {n}, row by row", packets(n), rows=n) for n in (5, 9, 20, 60)),
    *(Sender(f"packets of {n}, one timestamp", packets(n), True, rows=n) for n in (5, 9, 20, 60)),
    *(Sender(f"packets of {n} 10 ms late, one timestamp", packets(n, 0.01), True, rows=n) for n in (5, 20, 60)),
    Sender("stalls to 2 s", stalled(at_once)),
    Sender("stalls to 0.2 s", stalled(at_once, 0.05, 0.2, 1.0)),
    Sender("stalls, caught up at 2 times the pace", catching_up(2.0)),
    Sender("stalls, caught up at 4 times the pace", catching_up(4.0)),
    *(
        Sender(
            f"poll {1e3 * s:g} ms, held up to 1 s, {style}", stalled(polls(s), 0.05, 1.0), style == "one timestamp", s
        )
        for s in (0.05, 0.2, 1.0)
        for style in ("row by row", "one timestamp")
    ),
    *(
        Sender(f"packets of {n}, stalls to 2 s, {style}", stalled(packets(n)), style == "one timestamp", rows=n)
        for n in (5, 20, 60)
        for style in ("row by row", "one timestamp")
    ),
    *(Sender(f"{1e3 * s:g} ms late, exponential", exponential(s)) for s in (0.005, 0.02, 0.05)),
    Sender("packets of 32 50 ms late, one timestamp", packets(32, 0.05), True, rows=32),
    Sender("packets of 32 50 ms late, row by row", packets(32, 0.05), rows=32),
    *(
        Sender(f"poll 200 ms, {100 * (speed - 1):+.0f} %, {style}", polls(0.2), style == "one timestamp", 0.2, 0, speed)
        for speed in (0.99, 1.01)
        for style in ("row by row", "one timestamp")
    ),
    *(
        Sender(
            f"poll 1000 ms, {100 * (speed - 1):+.0f} %, {style}", polls(1.0), style == "one timestamp", 1.0, 0, speed
        )
        for speed in (0.99, 1.01)
        for style in ("row by row", "one timestamp")
    ),
    Sender("stalls, +1 %", stalled(at_once), speed=1.01),
]
LATE_RATES = (100.0, 128.0, 250.0, 256.0, 300.0, 500.0, 1000.0)
