"""The components of synthetic EEG, each (C, T) in microvolts with its own random numbers.

C electrodes lie at `positions` (C, 3) on the unit sphere; T samples are those of a grid.
"""

import numpy as np
from numpy.typing import NDArray

from eegstream.files.bandlimited import Grid
from eegstream.files.electrode_positions import electrode, even_positions, falloff

Spans = tuple[tuple[float, float], ...]
"""Start and stop of each span in seconds, in order."""
Values = NDArray[np.float64]

N_SOURCES = 24

_EYES = np.array([[0.0, 0.97, -0.25]])
_MAINS_HZ = 50.0
_CLOSING_S = 0.4
_EMG_EDGE_S = 0.1
_BLINK_RISE_S, _BLINK_FALL_S = 0.05, 0.09
_OPEN_ALPHA = 0.15
"""Share of the alpha rhythm's amplitude that remains with open eyes."""


def background(grid: Grid, positions: Values, rng: np.random.Generator) -> Values:
    """Activity with a falling spectrum from sources all over the head; neighbouring electrodes have similar signals."""
    scattered = even_positions(N_SOURCES) + rng.normal(0, 0.15, (N_SOURCES, 3))
    weights = falloff(positions, scattered / np.linalg.norm(scattered, axis=1, keepdims=True), 0.5)
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    weights *= rng.uniform(7, 12) * np.exp(rng.normal(0, 0.12, (len(positions), 1)))
    exponent = rng.uniform(1.3, 1.8)
    return np.asarray(weights @ grid.noise(lambda f: _falling(f, exponent), N_SOURCES, rng))


def _falling(frequencies_hz: Values, exponent: float) -> Values:
    """Density (F,) that falls with a power of the frequency, flat below 0.5 Hz; total power 1 between 1 and 40 Hz."""
    band_hz = np.linspace(1, 40, 1000)
    power = np.trapezoid((band_hz**2 + 0.25) ** (-0.5 * exponent), band_hz)
    return np.asarray((frequencies_hz**2 + 0.25) ** (-0.5 * exponent) / power)


def alpha(grid: Grid, positions: Values, eyes_closed_s: Spans, rng: np.random.Generator) -> Values:
    """The rhythm near 10 Hz, largest at the back of the head, strong while the eyes are closed."""
    peak_hz = rng.uniform(9.2, 10.8)
    size_uv = rng.uniform(10, 16)
    noises = grid.fine_noise(lambda f: np.exp(-0.5 * ((f - peak_hz) / 0.6) ** 2) / (0.6 * np.sqrt(2 * np.pi)), 3, rng)
    envelope = np.full(noises.shape[1], _OPEN_ALPHA)
    for start, stop in eyes_closed_s:
        _add_span(envelope, grid, (start, stop), _CLOSING_S, 1 - _OPEN_ALPHA)
    weights = falloff(positions, np.stack([electrode(label) for label in ("O1", "Oz", "O2")]), 0.9)
    return np.asarray((size_uv / np.sqrt(3) * weights) @ grid.settle(noises * envelope))


def blinks(grid: Grid, positions: Values, peaks_s: tuple[float, ...], rng: np.random.Generator) -> Values:
    """Blinks of 100 to 200 µV at Fp1 and Fp2, weaker towards the back; they rise fast and fall more slowly."""
    times_s = grid.fine_times_s
    course = np.zeros((1, times_s.size))
    for peak_s in peaks_s:
        begin, end = np.searchsorted(times_s, (peak_s - 6 * _BLINK_RISE_S, peak_s + 6 * _BLINK_FALL_S))
        since_s = times_s[begin:end] - peak_s
        width_s = np.where(since_s < 0, _BLINK_RISE_S, _BLINK_FALL_S)
        course[0, begin:end] += rng.uniform(100, 200) * np.exp(-0.5 * (since_s / width_s) ** 2)
    weights = falloff(positions, _EYES, 0.6) / falloff(electrode("Fp1")[None], _EYES, 0.6)
    return np.asarray(weights @ grid.settle(course))


def emg(grid: Grid, positions: Values, bursts_s: Spans, rng: np.random.Generator) -> Values:
    """Bursts of temporal muscle of 10 to 40 µV from 20 Hz up, each stronger on one side."""
    noises = grid.fine_noise(_muscle, 2, rng)
    envelopes = np.zeros_like(noises)
    for burst_s in bursts_s:
        strong, weak = rng.permutation(2)
        size_uv = rng.uniform(10, 40)
        _add_span(envelopes[strong], grid, burst_s, _EMG_EDGE_S, size_uv)
        _add_span(envelopes[weak], grid, burst_s, _EMG_EDGE_S, size_uv * rng.uniform(0.2, 0.8))
    weights = falloff(positions, np.stack([electrode("T7"), electrode("T8")]), 0.6)
    return np.asarray(weights @ grid.settle(noises * envelopes))


def _muscle(frequencies_hz: Values) -> Values:
    """Density (F,) of muscle: from about 20 Hz up, little above 200 Hz; total power 1."""
    return np.asarray(_muscle_shape(frequencies_hz) / np.trapezoid(_muscle_shape(_MUSCLE_HZ), _MUSCLE_HZ))


_MUSCLE_HZ = np.linspace(1, 2000, 4000)


def _muscle_shape(frequencies_hz: Values) -> Values:
    """The shape (F,) of that density, at most 1."""
    return np.asarray(1 / (1 + (25 / frequencies_hz) ** 8) / (1 + (frequencies_hz / 150) ** 4))


def mains(grid: Grid, n_channels: int, rng: np.random.Generator) -> Values:
    """The mains line and its third harmonic, with a different size and phase at each electrode."""
    values = np.zeros((n_channels, grid.n_samples))
    size_uv = rng.uniform(1, 4)
    for harmonic, share in ((1, 1.0), (3, 0.2)):
        frequency_hz = harmonic * _MAINS_HZ
        phases = rng.uniform(0, 2 * np.pi) + rng.normal(0, 0.5, (n_channels, 1))
        sizes_uv = size_uv * share * rng.uniform(0.5, 1.5, (n_channels, 1)) * grid.gain(frequency_hz)
        turns = 2 * np.pi * frequency_hz * grid.times_s
        values += (sizes_uv * np.cos(phases)) * np.sin(turns) + (sizes_uv * np.sin(phases)) * np.cos(turns)
    return values


def drift(grid: Grid, n_channels: int, rng: np.random.Generator) -> Values:
    """Slow drift of each electrode, about 25 µV and below 0.5 Hz."""
    return grid.noise(lambda f: 8 / ((f**2 + 0.02**2) * (1 + (f / 0.5) ** 2)), n_channels, rng)


def amplifier(grid: Grid, n_channels: int, rng: np.random.Generator) -> Values:
    """White noise of each channel, about 0.5 µV up to 100 Hz."""
    return grid.noise(lambda f: 0.003 / (1 + (f / 2000) ** 2), n_channels, rng)


def _add_span(envelope: Values, grid: Grid, span_s: tuple[float, float], edge_s: float, height: float) -> None:
    """Add to an envelope (M,) on the fine grid a plateau with smooth edges inside the span."""
    start, stop = span_s
    begin, end = np.searchsorted(grid.fine_times_s, span_s)
    times_s = grid.fine_times_s[begin:end]
    inside = np.clip(np.minimum(times_s - start, stop - times_s) / edge_s, 0, 1)
    envelope[begin:end] += height * np.sin(0.5 * np.pi * inside) ** 2
