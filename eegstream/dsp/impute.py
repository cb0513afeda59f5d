"""Impute samples that are not finite, and interpolate missing samples.

C channels, T samples in a chunk.
"""

import numpy as np
from numpy.typing import NDArray


class HoldLastFinite:
    """Replace each non-finite sample by its channel's last finite sample, or by 0 if there was none yet."""

    def __init__(self, n_channels: int) -> None:
        self._n_channels = n_channels
        self.reset()

    def reset(self) -> None:
        """Forget the past; called at the start of a segment."""
        self.last = np.zeros((self._n_channels, 1))
        """(C, 1), the value that replaces the next non-finite sample."""

    def push(self, x: NDArray[np.float64], *, is_finite: bool = False) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the chunk (C, T) with finite samples only, and a mask (C, T) of the replaced ones.

        `is_finite` means that the caller knows that every sample is finite.
        """
        replaced = np.zeros(x.shape, np.bool_) if is_finite else ~np.isfinite(x)
        if not is_finite and replaced.any():
            padded = np.concatenate((self.last, x), axis=1)
            newest = np.where(replaced, 0, np.arange(1, padded.shape[1]))
            newest = np.maximum.accumulate(newest, axis=1)
            x = np.take_along_axis(padded, newest, axis=1)
        if x.shape[1]:
            self.last = x[:, -1:].copy()
        return x, replaced


def bridge(before: NDArray[np.float64], after: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Return `count` evenly spaced values (C, count) strictly between two columns (C, 1)."""
    step = np.arange(1, count + 1) / (count + 1)
    return before + (after - before) * step
