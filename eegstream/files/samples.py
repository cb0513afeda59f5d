"""The samples of a recording, read piece by piece.

C channels, T samples.
"""

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

_BLOCK_NUMBERS = 1 << 20
"""Numbers, over all channels, that are read at once."""


class Samples(Protocol):
    """Samples (C, T)."""

    @property
    def shape(self) -> tuple[int, int]:
        """C and T."""

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """The samples (C, stop - start) from `start` up to `stop`; RecordingError if they cannot be read."""


class HeldSamples:
    """Samples in memory."""

    def __init__(self, values: NDArray[np.float32]) -> None:
        self._values = values

    @property
    def shape(self) -> tuple[int, int]:
        """C and T."""
        n_channels, n_samples = self._values.shape
        return n_channels, n_samples

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """A view of the samples."""
        return self._values[:, start:stop]


class ScaledSamples:
    """Samples that `read` gives in other units; `scale` (C,) is the factor from those."""

    def __init__(
        self, read: Callable[[int, int], NDArray[np.float64]], scale: NDArray[np.float64], n_samples: int
    ) -> None:
        self._read, self._scale, self._n_samples = read, scale[:, None], n_samples

    @property
    def shape(self) -> tuple[int, int]:
        """C and T."""
        return len(self._scale), self._n_samples

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """The samples in the wanted units; numbers of a damaged file may overflow."""
        samples = np.empty((len(self._scale), stop - start), np.float32)
        with np.errstate(all="ignore"):
            samples[:] = self._read(start, stop) * self._scale
        return samples


class Stretch:
    """The samples of another recording from `start` up to `stop`."""

    def __init__(self, samples: Samples, start: int, stop: int) -> None:
        self._samples, self._start, self._stop = samples, start, stop

    @property
    def shape(self) -> tuple[int, int]:
        """C and T."""
        return self._samples.shape[0], self._stop - self._start

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """The samples, counted from the stretch's first."""
        return self._samples.read(self._start + start, self._start + stop)


class ReadAhead:
    """Gives consecutive small pieces out of larger ones, for sources that are slow to begin."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        self._start, self._block = 0, np.empty((samples.shape[0], 0), np.float32)

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """The samples (C, stop - start) from `start`, which is where the last piece ended, up to `stop`."""
        if stop > self._start + self._block.shape[1]:
            self._start = start
            self._block = self._samples.read(
                start, max(stop, min(start + _block(self._samples), self._samples.shape[1]))
            )
        return self._block[:, start - self._start : stop - self._start]


def in_blocks(samples: Samples) -> Iterator[NDArray[np.float32]]:
    """All samples, (C, n) at a time."""
    n_samples, step = samples.shape[1], _block(samples)
    for start in range(0, n_samples, step):
        yield samples.read(start, min(start + step, n_samples))


def _block(samples: Samples) -> int:
    return max(1, _BLOCK_NUMBERS // max(1, samples.shape[0]))
