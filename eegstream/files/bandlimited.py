"""Synthetic signals with no power near or above half their rate.

Signals are periodic, with a period slightly longer than requested, and made as spectra, so the limit is exact.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import fft

Density = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""One-sided power spectral density (µV²/Hz) of frequencies (Hz) above 0."""

PASS = 0.4
"""Up to this multiple of the rate, frequencies pass unchanged."""
STOP = 0.48
"""From this multiple of the rate on, there is no power."""

_SLOWEST_FINE_HZ = 128.0
_PAD_S = 1.0


@dataclass(frozen=True)
class Grid:
    """T samples at a rate, and a fine grid that is dense enough for the events of any recording."""

    rate_hz: float
    n_samples: int

    @cached_property
    def fine(self) -> int:
        """Points of the fine grid per sample."""
        return max(1, int(np.ceil(_SLOWEST_FINE_HZ / self.rate_hz)))

    @cached_property
    def n_padded(self) -> int:
        """Samples after which the signals repeat; samples after T are not used."""
        return fft.next_fast_len(self.n_samples + int(np.ceil(_PAD_S * self.rate_hz)), real=True)

    @cached_property
    def times_s(self) -> NDArray[np.float64]:
        """(T,) times of the samples."""
        return np.arange(self.n_samples) / self.rate_hz

    @cached_property
    def fine_times_s(self) -> NDArray[np.float64]:
        """(M,) times of the fine grid, the hidden end included."""
        return np.arange(self.n_padded * self.fine) / (self.rate_hz * self.fine)

    def gain(self, frequencies_hz: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Gain of a frequency in a signal of this rate: falls from 1 to 0 below half the rate."""
        past = np.clip((np.asarray(frequencies_hz) / self.rate_hz - PASS) / (STOP - PASS), 0, 1)
        return np.where(past < 1, np.cos(0.5 * np.pi * past) ** 2, 0.0)

    def noise(self, density: Density, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """(count, T) independent Gaussian noise signals with this density."""
        return self._noise(density, count, rng, 1)[:, : self.n_samples]

    def fine_noise(self, density: Density, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """(count, M) the same on the fine grid; shape it in time, then pass it to `settle`."""
        return self._noise(density, count, rng, self.fine)

    def _noise(self, density: Density, count: int, rng: np.random.Generator, fine: int) -> NDArray[np.float64]:
        """(count, fine * n_padded) noise signals, made as spectra up to the highest frequency that passes."""
        length = fine * self.n_padded
        step_hz = self.rate_hz / self.n_padded
        frequencies_hz = np.arange(1.0, np.ceil(STOP * self.n_padded), dtype=np.float64) * step_hz
        power = density(frequencies_hz) * step_hz
        size = 0.5 * length * np.sqrt(power) * self.gain(frequencies_hz)
        courses = np.empty((count, length))
        for course in courses:
            spectrum = np.zeros(1 + size.size, np.complex128)
            spectrum.real[1:] = size * rng.standard_normal(size.size)
            spectrum.imag[1:] = size * rng.standard_normal(size.size)
            course[:] = fft.irfft(spectrum, length)
        return courses

    def settle(self, courses: NDArray[np.float64]) -> NDArray[np.float64]:
        """(K, T) samples of courses (K, M) on the fine grid, without frequencies that this rate cannot represent."""
        n_bins = self.n_padded // 2 + 1
        gain = self.gain(np.arange(n_bins) * self.rate_hz / self.n_padded) / self.fine
        settled = np.empty((len(courses), self.n_samples))
        for row, course in zip(settled, courses, strict=True):
            row[:] = fft.irfft(fft.rfft(course)[:n_bins] * gain, self.n_padded)[: self.n_samples]
        return settled
