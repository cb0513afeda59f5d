"""Put a decoded signal on a regular grid of times, as formats without timestamps need it.

C channels, T decoded samples, N samples of the grid.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegstream.decoding import Reconstruction
from eegstream.errors import CodesFileError

_MOST_EMPTY = 20
"""The grid may have so many times the decoded samples; else most of the file would be empty."""
_SMALLEST_LIMIT = 10_000_000


@dataclass(frozen=True)
class RegularSignal:
    """A signal without holes in its times."""

    eeg_uv: NDArray[np.float32]
    """(C, N); zeros where there is no signal."""
    rate_hz: float
    start_s: float
    """Time of the first sample, outlet-clock seconds."""
    empty: tuple[tuple[int, int], ...]
    """Stretches without signal: first sample, and the first behind it."""
    slips: int
    """Samples that were repeated or left out, because the device's clock has another pace than the stated rate."""


def on_grid(made: Reconstruction) -> RegularSignal:
    """Each sample of the grid is the decoded sample nearest in time, within the same segment.

    Raises:
        CodesFileError: the signal has no sample, or lies in so few places that nearly all of the grid is empty.
    """
    n_samples = made.eeg_uv.shape[1]
    if not n_samples:
        raise CodesFileError("there is no signal", "Encode a longer recording")
    borders = np.flatnonzero((np.diff(made.epoch) != 0) | (np.diff(made.segment) != 0) | _jumps(made)) + 1
    starts, stops = [0, *borders.tolist()], [*borders.tolist(), n_samples]
    start_s = float(made.t.min())
    size = round((float(made.t.max()) - start_s) * made.rate_hz) + 1
    if size > max(_MOST_EMPTY * n_samples, _SMALLEST_LIMIT):
        raise CodesFileError(
            f"{n_samples / made.rate_hz:.0f} s of signal lie within {size / made.rate_hz:.0f} s",
            "Decode to .npz or .parquet, which have times of their own",
        )
    source = np.full(size, -1, np.int64)
    slips = 0
    for start, stop in zip(starts, stops, strict=True):
        places = (made.t[start:stop] - start_s) * made.rate_hz
        first, last = round(float(places[0])), round(float(places[-1]))
        grid = np.arange(first, last + 1)
        nearest = start + np.rint(np.interp(grid, places, np.arange(stop - start))).astype(np.int64)
        source[first : last + 1] = nearest
        slips += int(np.count_nonzero(np.diff(nearest) != 1))
    eeg_uv = np.where(source >= 0, made.eeg_uv[:, np.maximum(source, 0)], np.float32(0))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], source < 0, [False]]).astype(np.int8)))
    empty = tuple((int(first), int(stop)) for first, stop in edges.reshape(-1, 2))
    return RegularSignal(np.asarray(eeg_uv, np.float32), made.rate_hz, start_s, empty, slips)


def _jumps(made: Reconstruction) -> NDArray[np.bool_]:
    """Where patches were lost within a segment (T - 1)."""
    return np.asarray(np.diff(made.t) > 1.5 / made.rate_hz)
