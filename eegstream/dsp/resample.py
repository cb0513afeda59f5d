"""Streaming rational resampling with a polyphase FIR filter.

x[j] at the source's rate goes in, y[k] at the model's rate comes out, L/M = model rate / source rate:

    y[k] = sum_j x[j] h[k M + half - j L],    h = L firwin(2 half + 1, 1/max(L, M), kaiser 7.857),    half = 9 max(L, M)

y[k] belongs to time k / model rate. It comes out as soon as the last sample within its reach has come in.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.history import History
from eegstream.errors import ConfigError
from eegstream.kernels import Kernels, compiled

_HALF_LENGTH = 9
_WINDOW = ("kaiser", 7.857)
_MAX_FACTOR = 262_144
_BLOCK = 32
"""Outputs computed at a time in Python. This bounds the memory of one call and does not change any output bit."""


def as_ratio(rate_hz: float) -> Fraction:
    """The rate as a fraction, from its decimal digits; denominators up to 1000."""
    return Fraction(str(rate_hz)).limit_denominator(1000)


@dataclass(frozen=True)
class Grid:
    """The relation between source positions j and model-rate positions k."""

    up: int
    """L"""
    down: int
    """M"""
    half: int
    """Half the filter's length, in steps of 1 / (L * source rate); 0 if nothing is resampled."""

    @classmethod
    def between(cls, rate_hz: float, model_rate_hz: float | None) -> "Grid":
        """The grid from `rate_hz` to `model_rate_hz`; None or an equal rate is the identity.

        Raises:
            ConfigError: L or M is too large.
        """
        if model_rate_hz is None:
            return cls(1, 1, 0)
        source = as_ratio(rate_hz)
        if source <= 0:
            raise ConfigError(f"a rate of {rate_hz!r} Hz cannot be resampled", "Give a rate of at least 0.5 Hz")
        ratio = Fraction(str(model_rate_hz)) / source
        up, down = ratio.numerator, ratio.denominator
        if up == down:
            return cls(1, 1, 0)
        if max(up, down) > _MAX_FACTOR:
            raise ConfigError(
                f"{rate_hz:g} Hz to {model_rate_hz:g} Hz is the ratio {up}/{down}, above the limit of {_MAX_FACTOR}",
                "Give a sampling rate with fewer decimals",
            )
        return cls(up, down, _HALF_LENGTH * max(up, down))

    @property
    def is_identity(self) -> bool:
        """Whether positions are the same on both sides."""
        return self.half == 0

    def reach(self, first: int, last: int) -> tuple[int, int]:
        """Source samples [start, stop) that outputs first..last (inclusive) use; start may be negative."""
        return -((self.half - first * self.down) // self.up), (last * self.down + self.half) // self.up + 1

    def span(self, start: int, stop: int) -> tuple[int, int]:
        """Source samples [start, stop) whose time lies within model-rate samples [start, stop)."""
        return -(-start * self.down // self.up), -(-stop * self.down // self.up)

    def outputs_after(self, received: int) -> int:
        """Number of outputs whose whole reach is available after `received` source samples."""
        return max(0, (received * self.up - 1 - self.half) // self.down + 1)


class Resampler:
    """Resample C channels along a `Grid`.

    Each output is one sum of products over its own window, added tap by tap. So chunking, the number of channels and
    the position within a call do not change any output bit, nor does it matter whether `kernels` in C compute it.
    """

    def __init__(self, grid: Grid, n_channels: int, kernels: Kernels | None = compiled) -> None:
        if grid.is_identity:
            raise ValueError("the identity grid needs no resampler")
        from scipy import signal  # noqa: PLC0415 - see dsp.filters

        self._grid, self._n_channels, self._kernels = grid, n_channels, kernels
        taps = grid.up * signal.firwin(2 * grid.half + 1, 1 / max(grid.up, grid.down), window=_WINDOW)
        self._taps = -(-taps.size // grid.up)
        padded = np.zeros(self._taps * grid.up)
        padded[: taps.size] = taps
        self._phases = np.ascontiguousarray(padded.reshape(self._taps, grid.up).T)
        """(L, taps of a phase): tap i of phase p is h[p + i L] and multiplies the i-th newest sample in reach."""
        self.reset()

    def reset(self) -> None:
        """Forget the past; samples before the next one count as zero."""
        self._recent = History((self._n_channels,), np.float64, start=-self._taps)
        self._recent.push(np.zeros((self._taps, self._n_channels)))
        self._emitted = 0

    def push(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take a chunk (C, T); return the outputs (C, m) that it completes. T and m may be 0."""
        self._recent.push(x.T)
        first, self._emitted = self._emitted, self._grid.outputs_after(self._recent.stop)
        y = np.empty((self._emitted - first, self._n_channels))
        if self._kernels is not None:
            self._compute(self._kernels, first, y)
        else:
            for start in range(0, len(y), _BLOCK):
                y[start : start + _BLOCK] = self._outputs(first + start, min(first + start + _BLOCK, self._emitted))
        newest = (self._emitted * self._grid.down + self._grid.half) // self._grid.up
        self._recent.forget_before(newest - self._taps + 1)
        return y.T

    def _compute(self, kernels: Kernels, first: int, y: NDArray[np.float64]) -> None:
        grid, recent = self._grid, self._recent
        kept = recent.between(recent.start, recent.stop)
        numbers = (self._n_channels, grid.up, grid.down, grid.half, recent.start, first, first + len(y))
        kernels.resample(kept, self._phases, y, numbers)

    def _outputs(self, start: int, stop: int) -> NDArray[np.float64]:
        """Outputs (m, C) from `start` to `stop`."""
        position = np.arange(start, stop) * self._grid.down + self._grid.half
        newest, phase = position // self._grid.up - self._recent.start, position % self._grid.up
        recent = self._recent.between(self._recent.start, self._recent.stop)
        products = recent[newest - np.arange(self._taps)[:, None]] * self._phases.T[:, phase, None]
        y: NDArray[np.float64] = products[0].copy()
        for tap in range(1, self._taps):
            y += products[tap]
        return y
