"""Made-up timestamps of known truth: how outlets timestamp, and how right the timeline's times are.

T samples; times and timestamps in seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from eegstream.dsp.timeline import Break, Timed, Timeline

Timestamps = Callable[[np.random.Generator, np.ndarray, float], np.ndarray]


def even(rate_hz, length):
    """(length,) timestamps without a flaw."""
    return 1000.0 + np.arange(length) / rate_hz


def exact(rng, true_s, rate_hz):
    return true_s.copy()


def jitter(sd_s):
    """Gaussian, each sample on its own."""
    return lambda rng, true_s, _rate_hz: true_s + sd_s * rng.normal(size=true_s.size)


def sample_jitter(rng, true_s, rate_hz):
    return true_s + 0.1 / rate_hz * rng.normal(size=true_s.size)


def chunks(length):
    """An outlet pushes chunks: the last sample bears the time of the push, the others are counted back from it.

    The push is up to 5 ms early or late. The source is 1 % fast, and the outlet counts in nominal intervals.
    """

    def timestamps(rng, true_s, rate_hz):
        last = np.minimum(np.arange(true_s.size) // length * length + length, true_s.size) - 1
        late_s = rng.uniform(-0.005, 0.005, size=true_s.size)
        return (true_s + late_s)[last] - (last - np.arange(true_s.size)) / rate_hz

    return timestamps


def blocks(rng, true_s, rate_hz):
    """A clock that ticks each 20 ms."""
    phase_s = 0.02 * rng.random()
    return 0.02 * np.round((true_s - phase_s) / 0.02) + phase_s


def usb_bursts(rng, true_s, rate_hz):
    """Samples come in bursts each 50 ms, 1 to 3 ms late, and are timestamped as they come."""
    phase_s = 0.05 * rng.random()
    burst = np.ceil((true_s - phase_s) / 0.05).astype(int)
    _, number = np.unique(burst, return_inverse=True)
    return phase_s + 0.05 * burst + rng.uniform(0.001, 0.003, size=burst.size)[number]


def stalls(rng, true_s, rate_hz):
    """Each 2 s the host stalls for 1 to 15 ms; what came meanwhile is timestamped afterwards."""
    timestamps_s = true_s.copy()
    for start_s in np.arange(1.0, true_s[-1], 2.0):
        end_s = start_s + rng.uniform(0.001, 0.015)
        timestamps_s[(true_s >= start_s) & (true_s < end_s)] = end_s
    return timestamps_s


def _settling(deviation, then: Timestamps = exact) -> Timestamps:
    """The first 80 ms deviate by something."""

    def timestamps(rng, true_s, rate_hz):
        young = true_s < true_s[0] + 0.08
        return then(rng, true_s, rate_hz) + np.where(young, deviation(rng, true_s - true_s[0]), 0)

    return timestamps


flush = _settling(lambda _rng, age_s: 0.08 - age_s)
random_start = _settling(lambda rng, age_s: rng.uniform(-0.02, 0.02, age_s.size))
late_start = _settling(lambda _rng, age_s: np.full(age_s.size, 0.03))


def decaying(size_s, then: Timestamps = exact) -> Timestamps:
    """The timestamps start off by `size_s` and settle within some 20 ms."""
    return lambda rng, true_s, rate_hz: then(rng, true_s, rate_hz) + size_s * np.exp((true_s[0] - true_s) / 0.02)


def steady(speed):
    return lambda positions, rate_hz: positions / (rate_hz * speed)


def wobbly(positions, rate_hz):
    """1 % slow, and 0.1 % more and less in 30 s."""
    slow_s = positions / (0.99 * rate_hz)
    return slow_s + 0.001 * 30 / (2 * np.pi) * np.sin(2 * np.pi * slow_s / 30)


RATES = (250, 500, 1000)
NOMINAL, FAST = steady(1.0), steady(1.01)


@dataclass(frozen=True)
class Case:
    """How one kind of outlet timestamps, and how right its times shall be (limits in ms)."""

    name: str
    rate_hz: float
    timestamps: Timestamps
    limits: tuple[float, float, float, float, float]
    """Largest error before 0.25 s | before 1 s | after 1 s | rms after 1 s | largest after 10 s."""
    truth: Callable = NOMINAL

    def __str__(self) -> str:
        return f"{self.name} {self.rate_hz:g} Hz"

    def make(self, rng, positions):
        """True times and timestamps of the samples at these positions of the source's grid."""
        true_s = 1000.0 + self.truth(positions.astype(float), self.rate_hz)
        return true_s, self.timestamps(rng, true_s, self.rate_hz)


def _at(rates, name, timestamps, limits, truth=NOMINAL):
    return [Case(name, float(rate), timestamps, limits, truth) for rate in rates]


EXACT = (0.01, 0.01, 0.01, 0.01, 0.01)
SETTLING = (0.8, 1.0, 0.13, 0.01, 0.01)
CASES = [
    *_at([500], "exact", exact, EXACT),
    *_at([500], "450 for 500", exact, EXACT, steady(0.9)),
    *_at([500], "0.1-sample jitter", sample_jitter, (0.05, 0.12, 0.05, 0.01, 0.05)),
    *_at([250], "5 ms jitter", jitter(0.005), (2.6, 5.2, 1.9, 0.22, 0.97)),
    *_at([1000], "5 ms jitter", jitter(0.005), (1.5, 4.0, 0.9, 0.20, 0.93)),
    *_at([500], "450 for 500, 5 ms jitter", jitter(0.005), (1.3, 2.9, 1.3, 0.23, 1.04), steady(0.9)),
    *_at(RATES, "chunks of 10", chunks(10), (4.6, 9.9, 5.1, 0.25, 0.97), FAST),
    *_at(RATES, "chunks of 32", chunks(32), (11.2, 28.0, 6.7, 0.37, 1.46), FAST),
    *_at(RATES, "20 ms blocks", blocks, (2.1, 5.6, 1.3, 0.04, 0.13)),
    *_at([500], "wobble", exact, (0.02, 0.02, 0.25, 0.18, 0.25), wobbly),
    *_at([500], "wobble, 1 ms jitter", jitter(0.001), (1.0, 1.5, 0.48, 0.25, 0.48), wobbly),
    *_at([500], "start: flush", flush, SETTLING),
    *_at([500], "start: 20 ms late, decaying", decaying(0.02), SETTLING),
    *_at([500], "start: 20 ms early, decaying", decaying(-0.02), SETTLING),
    *_at([500], "start: random 20 ms", random_start, SETTLING),
    *_at([500], "start: 30 ms late", late_start, SETTLING),
    *_at([250], "start: decaying 50 ms, 5 ms jitter", decaying(0.05, jitter(0.005)), (22.6, 40.0, 8.8, 0.26, 0.97)),
    *_at([1000], "start: decaying 50 ms, 5 ms jitter", decaying(0.05, jitter(0.005)), (4.5, 7.0, 1.2, 0.20, 0.93)),
    *_at(RATES, "USB bursts", usb_bursts, (5.0, 13.5, 3.3, 0.10, 0.45)),
]


def run(rate_hz: float, timestamps_s: np.ndarray, chunk: int = 100, make=Timeline) -> list[Timed | Break]:
    """Everything that a new timeline, one that `make` makes, says about these timestamps."""
    timeline = make(rate_hz)
    found = [
        item
        for start in range(0, timestamps_s.size, chunk)
        for item in timeline.push(timestamps_s[start : start + chunk])
    ]
    return found + timeline.flush()


def times_of(found: list[Timed | Break], length: int) -> np.ndarray:
    """(length,) times, NaN where none was given."""
    times_s = np.full(length, np.nan)
    for item in found:
        if hasattr(item, "times_s"):
            times_s[item.first : item.first + item.times_s.size] = item.times_s
    return times_s


def breaks_of(found: list[Timed | Break]) -> list[Break]:
    return [item for item in found if hasattr(item, "kind")]


@dataclass(frozen=True)
class Errors:
    """How wrong a run's times were, in ms, after removal of the mean after 10 s (`bias`)."""

    false_borders: int
    first: float
    second: float
    later: float
    later_rms: float
    late: float
    late_rms: float
    bias: float


def measure(case: Case, seconds: float, seed: int, make=Timeline) -> Errors:
    """One run without a hole."""
    rng = np.random.default_rng(seed)
    true_s, timestamps_s = case.make(rng, np.arange(round(seconds * case.rate_hz)))
    found = run(case.rate_hz, timestamps_s, make=make)
    error_ms = 1e3 * (times_of(found, true_s.size) - true_s)
    age_s = true_s - true_s[0]
    bias = float(error_ms[age_s > 10].mean())
    error_ms -= bias
    size = np.abs(error_ms)
    return Errors(
        false_borders=len(breaks_of(found)),
        first=float(size[age_s < 0.25].max()),
        second=float(size[(age_s >= 0.25) & (age_s < 1)].max()),
        later=float(size[age_s >= 1].max()),
        later_rms=float(np.sqrt((error_ms[age_s >= 1] ** 2).mean())),
        late=float(size[age_s > 10].max()),
        late_rms=float(np.sqrt((error_ms[age_s > 10] ** 2).mean())),
        bias=bias,
    )
