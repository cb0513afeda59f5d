"""Measure how much of a stream's energy is mains.

C channels, T samples in a chunk, N samples in a block, L lines.
"""

from collections import deque

import numpy as np
from numpy.typing import NDArray

LINES_HZ = (50, 60)
HALF_BAND_HZ = 1.0
_BLOCK_S = 2.0
"""The energy of a steady line, seen through a Hann window of this length, lies within 1 Hz of it."""
_WINDOW_S = 10.0
_MUCH = 0.5
"""Share of the energy above which there is a remark."""


class MainsWatch:
    """The share of energy within 1 Hz of 50 and of 60 Hz, of the median channel over the last 10 s.

    It is measured block by block, so chunking does not change it. The first result comes after 2 s.
    """

    def __init__(self, rate_hz: float, n_channels: int, notch_hz: float | None = None) -> None:
        count = max(1, round(_BLOCK_S * rate_hz))
        self._block_s = count / rate_hz
        self._notch_hz = notch_hz
        self._lines = tuple(line for line in LINES_HZ if line + HALF_BAND_HZ < rate_hz / 2)
        self._block = np.zeros((n_channels, count))
        self._filled = 0
        self._window = np.hanning(count + 1)[:-1]
        self._waves, self._weights = _waves(self._lines, count, rate_hz)
        self._energies: deque[NDArray[np.float64]] = deque(maxlen=round(_WINDOW_S / _BLOCK_S))
        """Of each of the last blocks (1 + L, C): the whole energy, and that of each line."""
        self._shares: NDArray[np.float64] | None = None if self._lines else np.zeros(0)
        self._told = dict.fromkeys(self._lines, (0, 0.0))
        """How often a line had a remark, and the sum of its shares then."""
        self._blocks = 0
        self._is_over = False

    @property
    def shares(self) -> dict[str, float | None] | None:
        """The share of each line, None for one that the rate does not hold; None before the first result."""
        if self._shares is None:
            return None
        known = dict(zip(self._lines, self._shares.tolist(), strict=True))
        return {str(line): known.get(line) for line in LINES_HZ}

    @property
    def remark(self) -> str | None:
        """A remark on the last 10 s; after `finish`, on all that was seen. None if there is no strong mains."""
        if self._is_over:
            return self._remark_on_all()
        found = self._strong()
        return None if found is None else _remark(*found)

    def push(self, x_uv: NDArray[np.float64]) -> None:
        """Take samples (C, T) after the high-pass and before the notch."""
        if not self._lines:
            return
        taken = 0
        while taken < x_uv.shape[1]:
            part = x_uv[:, taken : taken + self._block.shape[1] - self._filled]
            self._block[:, self._filled : self._filled + part.shape[1]] = part
            self._filled += part.shape[1]
            taken += part.shape[1]
            if self._filled == self._block.shape[1]:
                self._measure()
                self._filled = 0

    def reset(self) -> None:
        """Drop an unfinished block; called after a gap."""
        self._filled = 0

    def finish(self) -> None:
        """Note that no more samples come."""
        self._is_over = True

    def _measure(self) -> None:
        with np.errstate(over="ignore", invalid="ignore"):
            seen = (self._block - self._block.mean(axis=1, keepdims=True)) * self._window
            spectrum = np.square(seen @ self._waves).reshape(len(seen), 2, -1).sum(axis=1)
            self._energies.append(np.vstack([np.square(seen).sum(axis=1), (spectrum @ self._weights).T]))
            energy = np.sum(self._energies, axis=0)
        is_heard = np.isfinite(energy).all(axis=0) & (energy[0] > 0)
        shares = energy[1:, is_heard] / energy[0, is_heard]
        self._shares = np.median(shares, axis=1).clip(0, 1) if is_heard.any() else np.zeros(len(self._lines))
        self._blocks += 1
        found = self._strong()
        if found is not None:
            line, share = found
            times, total = self._told[line]
            self._told[line] = (times + 1, total + share)

    def _strong(self) -> tuple[int, float] | None:
        """The line with more than half of the energy, and its share; None if there is none without a notch."""
        if self._shares is None:
            return None
        both = zip(self._lines, self._shares.tolist(), strict=True)
        line, share = max(both, key=lambda pair: pair[1], default=(0, 0.0))
        has_notch = self._notch_hz is not None and abs(self._notch_hz - line) <= HALF_BAND_HZ
        return None if share <= _MUCH or has_notch else (line, share)

    def _remark_on_all(self) -> str | None:
        line, (times, total) = max(self._told.items(), key=lambda item: item[1], default=(0, (0, 0.0)))
        if not times:
            return None
        when = ""
        if times < self._blocks:
            when = f"for {times * self._block_s:.0f} of {self._blocks * self._block_s:.0f} s, "
        return when + _remark(line, total / times)


def _waves(lines_hz: tuple[int, ...], count: int, rate_hz: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cosines, then sines (N, 2 F) of the frequencies near the lines, and weights (F, L) that give a line's energy.

    The frequencies are those of the block's Fourier transform; each stands for a band as wide as their distance, and
    counts as far as this lies within that of the line.
    """
    step_hz = rate_hz / count
    bins = np.arange(count // 2 + 1)
    overlap = [
        np.minimum(bins * step_hz + step_hz / 2, line + HALF_BAND_HZ)
        - np.maximum(bins * step_hz - step_hz / 2, line - HALF_BAND_HZ)
        for line in lines_hz
    ]
    weights = np.array(overlap).reshape(len(lines_hz), len(bins)).T.clip(0) / step_hz
    near = weights.any(axis=1)
    angles = 2 * np.pi / count * np.outer(np.arange(count), bins[near])
    return np.hstack([np.cos(angles), np.sin(angles)]), weights[near] * (2 / count)


def _remark(line_hz: int, share: float) -> str:
    return f"{share:.0%} of the energy is mains at {line_hz} Hz: give --notch {line_hz}".replace("%", " %")
