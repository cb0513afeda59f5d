"""Signals, timestamps and cuts for the laws."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st


@dataclass(frozen=True)
class LiveInput:
    """What an outlet might send: samples (A, T) in some unit, timestamps (T,)."""

    rate_hz: float
    samples: np.ndarray
    timestamps_s: np.ndarray


@st.composite
def cuts(draw, length: int) -> list[int]:
    """Borders that cut `length` samples into chunks of any size, empty ones among them."""
    borders = draw(st.lists(st.integers(0, length), max_size=12))
    if draw(st.booleans()):
        step = draw(st.integers(1, 60))
        borders += range(0, length, step)
    return sorted([0, *borders, length])


def chunks(array: np.ndarray, borders: list[int]):
    """The pieces of the last axis between neighbouring borders."""
    return [array[..., start:stop] for start, stop in pairwise(borders)]


@st.composite
def live_inputs(draw) -> LiveInput:
    """A few seconds of a live stream with all that can go wrong in it: holes, steps back, frozen clocks, NaN."""
    rate_hz = draw(st.sampled_from([100.0, 128.0, 173.61, 250.0, 256.0, 500.0]))
    n_channels = draw(st.integers(1, 3))
    length = draw(st.integers(0, round(3 * rate_hz)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    samples = np.cumsum(rng.normal(size=(n_channels, length)), axis=1).astype(np.float32)
    timestamps_s = 1000.0 + np.arange(length) / rate_hz
    timestamps_s = timestamps_s + draw(st.sampled_from([0.0, 1e-4, 2e-3])) * rng.normal(size=length)
    for _ in range(draw(st.integers(0, 4))):
        if length:
            samples, timestamps_s = _spoil(draw, samples, timestamps_s, rate_hz)
    return LiveInput(rate_hz, samples, timestamps_s)


def _spoil(draw, samples, timestamps_s, rate_hz):
    length = len(timestamps_s)
    start = draw(st.integers(0, length - 1))
    some = slice(start, start + draw(st.integers(1, length)))
    damage = draw(st.sampled_from(["hole", "back", "frozen", "stamps", "values", "absurd", "flat"]))
    if damage == "hole":
        timestamps_s[start:] += draw(st.integers(1, 200)) / rate_hz
    elif damage == "back":
        timestamps_s[start:] -= draw(st.floats(0.01, 2.0))
    elif damage == "frozen":
        timestamps_s[some] = timestamps_s[start]
    elif damage == "stamps":
        timestamps_s[some] = draw(st.sampled_from([np.nan, np.inf, -np.inf]))
    elif damage == "values":
        channel = draw(st.integers(0, len(samples) - 1))
        samples[channel, some] = draw(st.sampled_from([np.nan, np.inf, -np.inf, 1e30]))
    elif damage == "absurd":
        few = slice(start, start + draw(st.integers(1, 5)))
        samples[draw(st.integers(0, len(samples) - 1)), few] = draw(st.sampled_from([3e38, -1e20, 1e12, 1e9]))
    else:
        samples[:, some] = samples[:, start : start + 1]
    return samples, timestamps_s
