"""Cut signals into patches: at random for training, one after the other for measuring.

B patches in a batch, C channels, T samples of a signal, N samples in a patch, M patches in all.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from trainer.signals import Signal

Batch = tuple[Tensor, Tensor]
"""Patches (B, N) uV and rates (B, 1) Hz."""


class WindowPool:
    """All windows of some signals of one data set and rate."""

    def __init__(self, signals: Sequence[Signal], patch: int) -> None:
        rows = [row for signal in signals for row in signal.samples_uv if len(row) >= patch]
        self._samples_uv = np.concatenate(rows)
        lengths = np.array([len(row) for row in rows])
        self._starts = np.cumsum(lengths) - lengths
        self._last = np.cumsum(lengths - patch + 1)
        self._offsets = np.arange(patch)
        self.rate_hz = signals[0].rate_hz

    def draw(self, rng: np.random.Generator, count: int) -> NDArray[np.float32]:
        """Windows (count, N), each equally likely."""
        place = rng.integers(self._last[-1], size=count)
        row = np.searchsorted(self._last, place, side="right")
        before = np.where(row > 0, self._last[row - 1], 0)
        first = self._starts[row] + place - before
        windows: NDArray[np.float32] = self._samples_uv[first[:, None] + self._offsets]
        return windows


class TrainingWindows(Dataset[Batch]):
    """Batches of windows at random places and with random sign; batch `index` is a function of `seed` and `index`.

    `shares` weighs the data sets; within one, every rate weighs the same.
    """

    def __init__(
        self, signals: Sequence[Signal], shares: Mapping[str, float], patch: int, batch_size: int, seed: int
    ) -> None:
        groups = _by_set_and_rate([signal for signal in signals if signal.samples_uv.shape[1] >= patch])
        self._pools = [WindowPool(group, patch) for group in groups.values()]
        n_rates = {name: sum(data_set == name for data_set, _ in groups) for name, _ in groups}
        weights = np.array([shares[data_set] / n_rates[data_set] for data_set, _ in groups])
        self._weights = weights / weights.sum()
        self._batch_size = batch_size
        self._seed = seed

    def __getitem__(self, index: int) -> Batch:
        """Batch `index`."""
        rng = np.random.default_rng([self._seed, index])
        counts = rng.multinomial(self._batch_size, self._weights)
        patches = np.concatenate([pool.draw(rng, n) for pool, n in zip(self._pools, counts, strict=True)])
        patches *= rng.choice(np.array([-1, 1], np.float32), size=(len(patches), 1))
        rates_hz = np.repeat([pool.rate_hz for pool in self._pools], counts).astype(np.float32)
        return torch.from_numpy(patches), torch.from_numpy(rates_hz[:, None])


class BatchNumbers(Sampler[int]):
    """The numbers of an epoch's batches: they go on where the epoch before ended."""

    def __init__(self, per_epoch: int) -> None:
        self._per_epoch = per_epoch
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Lightning says which epoch comes."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._per_epoch

    def __iter__(self) -> Iterator[int]:
        first = self._epoch * self._per_epoch
        return iter(range(first, first + self._per_epoch))


def consecutive(signals: Sequence[Signal], patch: int) -> dict[tuple[str, float], Tensor]:
    """Patches (M, N) without overlap, by data set and rate."""
    cut: dict[tuple[str, float], Tensor] = {}
    for key, group in _by_set_and_rate(signals).items():
        pieces = [_cut(signal.samples_uv, patch) for signal in group]
        if sum(map(len, pieces)):
            cut[key] = torch.from_numpy(np.concatenate(pieces))
    return cut


def _cut(samples_uv: NDArray[np.float32], patch: int) -> NDArray[np.float32]:
    count = samples_uv.shape[1] // patch
    return samples_uv[:, : count * patch].reshape(-1, patch)


def _by_set_and_rate(signals: Sequence[Signal]) -> dict[tuple[str, float], list[Signal]]:
    def key(signal: Signal) -> tuple[str, float]:
        return signal.data_set, signal.rate_hz

    return {name: list(group) for name, group in groupby(sorted(signals, key=key), key=key)}
