"""Remarks on the samples of EEG channels, from one pass over them.

K channels of EEG, n samples in a block.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from eegstream.files.samples import Samples, in_blocks


def sample_remarks(samples: Samples, eeg: Sequence[int]) -> list[str]:
    """Remarks if the channels `eeg` (K,) have non-finite samples, or if most of them have one value most of the time.

    A value that more than half of a channel's samples have is the most frequent one of some block, by more than half of
    it. So few values have to be counted, in a second pass that only recordings with constant channels need.
    """
    odd, known = 0, np.zeros(len(eeg), np.int64)
    candidates: list[set[float]] = [set() for _ in eeg]
    for block in in_blocks(samples):
        values = block[eeg]
        finite = np.isfinite(values)
        counts = np.count_nonzero(finite, axis=1)
        odd += int(finite.size - counts.sum())
        known += counts
        for row, value in _majorities(values, finite, counts):
            candidates[row].add(value)
    remarks = [f"{odd} samples of EEG channels are missing or not finite"] if odd else []
    if _mostly_flat(candidates, samples, eeg, known):
        remarks.append("most of the EEG channels are flat")
    return remarks


def _majorities(
    values: NDArray[np.float32], finite: NDArray[np.bool_], counts: NDArray[np.int64]
) -> list[tuple[int, float]]:
    """Rows of `values` (K, n) with the value that more than half of their finite samples have, where there is one."""
    found = []
    # Such a value is the middle one in order; NaN is last in order, so rows of finite samples need no copies.
    whole = np.flatnonzero(counts == values.shape[1])
    middles = np.partition(values[whole], values.shape[1] // 2, axis=1)[:, values.shape[1] // 2]
    shares = np.count_nonzero(values[whole] == middles[:, None], axis=1)
    found += [(int(row), float(middles[at])) for at, row in enumerate(whole) if 2 * shares[at] > counts[row]]
    for row in np.flatnonzero((counts < values.shape[1]) & (counts > 0)):
        good = values[row, finite[row]]
        middle = np.partition(good, len(good) // 2)[len(good) // 2]
        if 2 * np.count_nonzero(good == middle) > len(good):
            found.append((int(row), float(middle)))
    return found


def _mostly_flat(
    candidates: Sequence[set[float]], samples: Samples, eeg: Sequence[int], known: NDArray[np.int64]
) -> bool:
    """Whether more than half of the channels that have finite samples have one value in more than half of these."""
    judged: list[int] = np.flatnonzero(known).tolist()
    if 2 * sum(bool(candidates[row]) for row in judged) <= len(judged):
        return not len(judged)
    values = [np.array(sorted(candidates[row]), np.float32) for row in judged]
    counts = [np.zeros(len(own), np.int64) for own in values]
    for block in in_blocks(samples):
        for index, row in enumerate(judged):
            if len(own := values[index]):
                channel = block[eeg[row]]
                at = np.minimum(np.searchsorted(own, channel), len(own) - 1)
                counts[index] += np.bincount(at[own[at] == channel], minlength=len(own))
    flat = sum(bool(len(count)) and 2 * count.max() > known[row] for row, count in zip(judged, counts, strict=True))
    return bool(2 * flat > len(judged))
