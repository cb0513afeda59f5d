"""What a timeline makes of senders that are late: of everything delivered, and of what is really lost."""

from dataclasses import dataclass, field, replace

import numpy as np

from eegstream.dsp.timeline import Timeline
from tests.dsp.late_senders import Sender
from tests.dsp.timestamp_cases import breaks_of, run, times_of


@dataclass
class Lateness:
    """Figures of some runs in which every sample was delivered; times in ms."""

    hours: float = 0.0
    gaps: int = 0
    missing: int = 0
    others: int = 0
    """Borders that tell of no missing sample."""
    skipped: int = 0
    """Samples without a time."""
    errors: list[float] = field(default_factory=list)
    """Largest error after 10 s of each run, its mean removed,"""
    shares: list[float] = field(default_factory=list)
    """the same in burst intervals,"""
    biases: list[float] = field(default_factory=list)
    """and that mean."""
    starts: list[float] = field(default_factory=list)
    """Seconds until the first time was told."""
    within: list[float] = field(default_factory=list)
    """Share of samples whose error the told bound covers, or 5 ms."""

    def add(self, sender: Sender, rate_hz: float, seconds: float, seed: int, make=Timeline, chunk: int = 500) -> None:
        """One more run."""
        rng = np.random.default_rng([seed, round(rate_hz)])
        true_s, timestamps_s = sender.make(rng, rate_hz, seconds)
        found = run(rate_hz, timestamps_s, chunk, make)
        for item in breaks_of(found):
            self.gaps += item.missing > 0
            self.missing += item.missing
            self.others += item.missing == 0
            self.skipped += item.skipped
        error_s = times_of(found, true_s.size) - true_s
        late = true_s - true_s[0] > 10
        bias_s = float(np.nanmean(error_s[late]))
        size_s = np.abs(error_s - bias_s)
        worst_s = float(np.nanmax(size_s[late]))
        self.hours += seconds / 3600
        self.biases.append(1e3 * bias_s)
        self.errors.append(1e3 * worst_s)
        self.shares.append(worst_s / sender.burst_s(rate_hz) if sender.burst_s(rate_hz) else 0.0)
        bound_s = np.maximum(_bounds(found, true_s.size), 0.005)
        self.within.append(float((size_s <= bound_s)[np.isfinite(size_s)].mean()))
        self.starts.append(first_told_s(rate_hz, true_s, timestamps_s, make))


def _bounds(found, length):
    """(length,) errors as they are told."""
    bound_s = np.zeros(length)
    for item in found:
        if hasattr(item, "times_s"):
            bound_s[item.first : item.first + item.times_s.size] = getattr(item, "error_s", 0.0)
    return bound_s


def first_told_s(rate_hz, true_s, timestamps_s, make):
    """Seconds until a sample has a time."""
    timeline = make(rate_hz)
    for start in range(0, min(timestamps_s.size, round(30 * rate_hz)), 10):
        if any(hasattr(item, "times_s") for item in timeline.push(timestamps_s[start : start + 10])):
            return float(true_s[min(start + 10, true_s.size) - 1] - true_s[0])
    return float("inf")


@dataclass
class Losses:
    """What became of real losses in a stream that comes in bursts."""

    count: int = 0
    missed: int = 0
    false: int = 0
    delays: list[float] = field(default_factory=list)
    """Burst intervals from the first sample behind a loss until it was told."""
    off: list[float] = field(default_factory=list)
    """Estimated less true count, in bursts."""

    def add(self, sender: Sender, rate_hz: float, losses: int, seed: int, make=Timeline) -> None:
        """One run with losses of 2.1 to 4 burst intervals, each 20 or more intervals and 6 s behind the one before."""
        rng = np.random.default_rng([seed, round(rate_hz)])
        burst = sender.burst_s(rate_hz) * rate_hz
        kept = np.round(rng.uniform(20 * burst + 6 * rate_hz, 30 * burst + 9 * rate_hz, size=losses + 1)).astype(int)
        lost = np.round(rng.uniform(2.1 * burst, 4 * burst, size=losses)).astype(int)
        positions = np.arange(kept.sum()) + np.repeat(np.r_[0, np.cumsum(lost)], kept)
        true_s = 1000.0 + positions / (rate_hz * sender.speed)
        timestamps_s = replace(sender).timestamps(rng, true_s, rate_hz)
        told = _told(rate_hz, timestamps_s, true_s, make)
        behind = np.cumsum(kept)[:-1]
        self.count += losses
        hits = 0
        for index, length in zip(behind, lost, strict=True):
            near = [(item, when_s) for item, when_s in told if item.missing and abs(item.index - index) <= 1.5 * burst]
            for item, when_s in near[:1]:
                hits += 1
                self.delays.append((when_s - true_s[index]) / (burst / rate_hz))
                self.off.append((item.missing - int(length)) / burst)
        self.missed += losses - hits
        self.false += len(told) - hits


def _told(rate_hz, timestamps_s, true_s, make):
    """The borders, each with the timestamp of the last sample that had come when it was told."""
    timeline, told = make(rate_hz), []
    for start in range(0, timestamps_s.size, 10):
        stop = min(start + 10, timestamps_s.size)
        told += [(item, timestamps_s[stop - 1]) for item in breaks_of(timeline.push(timestamps_s[start:stop]))]
    return told
