"""Cut signals into batches of patches: at random places for training, consecutively for measuring.

Signals may be mapped from disk; only the samples of a batch are read. With W processes, each takes every W-th row of a
batch, so that together they see the same batches as a single process.

B patches in a batch, C channels, T samples of a signal, N samples in a patch, M patches in all.
"""

import _thread
import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.data.augment import Augmentation
from trainer.data.front_ended import Signal

PatchBatch = tuple[Tensor, Tensor]
"""Patches (B, N) uV and rates (B, 1) Hz."""


@dataclass(frozen=True)
class Share:
    """The rows of a batch that this process takes."""

    rank: int = 0
    processes: int = 1

    def of(self, count: int) -> slice:
        """The rows among `count`."""
        return slice(self.rank, count, self.processes)


_AGAIN_S = 0.05
"""Delay after which an interrupt that arrived while a loader was closed is raised again."""


class WindowPool:
    """All windows of some signals of one data set and rate.

    `places` are counted over rows, beginning with the first channel of the first signal. With `step` 1 a window may
    begin anywhere, with `step` N only where patches without overlap begin.
    """

    def __init__(self, signals: Sequence[Signal], patch: int, step: int) -> None:
        self._rows = [row for signal in signals for row in signal.samples_uv if len(row) >= patch]
        self._patch = patch
        self._step = step
        counts = np.array([(len(row) - patch) // step + 1 for row in self._rows], np.int64)
        self._stops = np.cumsum(counts)
        self.rate_hz = signals[0].rate_hz

    def __len__(self) -> int:
        """Number of windows."""
        return int(self._stops[-1])

    def cut(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        """Windows (len(places), N)."""
        windows = np.empty((len(places), self._patch), np.float32)
        rows = np.searchsorted(self._stops, places, side="right")
        firsts = (places - np.where(rows > 0, self._stops[rows - 1], 0)) * self._step
        for window, row, first in zip(windows, rows.tolist(), firsts.tolist(), strict=True):
            window[:] = self._rows[row][first : first + self._patch]
        return windows


class TrainingBatches:
    """Batches of windows at random places; batch `index` depends only on `seed` and `index`.

    `shares` are weights of data sets, 1 if not given; within a data set, every rate has the same weight.
    `model_rate_hz` is the rate of all patches, None if they have their source's rate.
    """

    def __init__(
        self,
        signals: Sequence[Signal],
        shares: Mapping[str, float],
        patch: int,
        batch_size: int,
        seed: int,
        augmentation: Augmentation,
        model_rate_hz: float | None,
    ) -> None:
        groups = by_set_and_rate([signal for signal in signals if signal.samples_uv.shape[1] >= patch])
        self._pools = [WindowPool(group, patch, 1 if augmentation.crop else patch) for group in groups.values()]
        n_rates = {name: sum(data_set == name for data_set, _ in groups) for name, _ in groups}
        weights = np.array([shares.get(data_set, 1.0) / n_rates[data_set] for data_set, _ in groups])
        self._weights = weights / weights.sum()
        self._batch_size = batch_size
        self._seed = seed
        self._augmentation = augmentation
        self._model_rate_hz = model_rate_hz
        self.share = Share()

    def __getitem__(self, index: int) -> PatchBatch:
        """Return this process's share of batch `index`."""
        rng = np.random.default_rng([self._seed, index])
        counts = rng.multinomial(self._batch_size, self._weights)
        patches = np.concatenate(
            [pool.cut(rng.integers(len(pool), size=n)) for pool, n in zip(self._pools, counts, strict=True)]
        )
        rates_hz = np.repeat([pool.rate_hz for pool in self._pools], counts)
        sampled_hz = rates_hz if self._model_rate_hz is None else np.full(len(patches), self._model_rate_hz)
        patches = self._augmentation(rng, patches, sampled_hz)
        own = self.share.of(len(patches))
        return torch.from_numpy(patches[own]), torch.from_numpy(rates_hz[own, None].astype(np.float32))


class ConsecutiveBatches:
    """All patches of signals without overlap, in order, `batch_size` at a time."""

    def __init__(self, signals: Sequence[Signal], patch: int, batch_size: int) -> None:
        usable = [signal for signal in signals if signal.samples_uv.shape[1] >= patch]
        self._pools = [WindowPool(group, patch, patch) for group in by_set_and_rate(usable).values()]
        self._stops = np.cumsum([len(pool) for pool in self._pools], dtype=np.int64)
        self._patch = patch
        self._batch_size = batch_size
        self.share = Share()

    @property
    def patches(self) -> int:
        """M, the number of patches."""
        return int(self._stops[-1]) if self._pools else 0

    def __len__(self) -> int:
        return math.ceil(self.patches / self._batch_size)

    def __getitem__(self, index: int) -> PatchBatch:
        """Return this process's share of batch `index`; it may be empty."""
        first = index * self._batch_size
        places = np.arange(first, min(first + self._batch_size, self.patches))[self.share.of(self._batch_size)]
        patches = np.empty((len(places), self._patch), np.float32)
        rates_hz = np.empty((len(places), 1), np.float32)
        numbers = np.searchsorted(self._stops, places, side="right")
        for number in set(numbers.tolist()):
            inside = numbers == number
            before = self._stops[number - 1] if number else 0
            patches[inside] = self._pools[number].cut(places[inside] - before)
            rates_hz[inside] = self._pools[number].rate_hz
        return torch.from_numpy(patches), torch.from_numpy(rates_hz)


class BatchNumbers:
    """The numbers of an epoch's batches; with `goes_on`, they continue those of the epoch before."""

    def __init__(self, per_epoch: int, *, goes_on: bool) -> None:
        self._per_epoch = per_epoch
        self._goes_on = goes_on
        self._epoch = 0
        self.skipped = 0
        """Batches of the next epoch that the run had already taken before it was resumed."""

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning before each epoch."""
        self._epoch = epoch if self._goes_on else 0

    def __len__(self) -> int:
        return self._per_epoch

    def __iter__(self) -> Iterator[int]:
        first = self._epoch * self._per_epoch
        skipped, self.skipped = self.skipped, 0
        return iter(range(first + skipped, first + self._per_epoch))


class Loader:
    """Batches by their numbers; a thread cuts each one while the one before is used. It can be resumed in mid-epoch.

    This is not a DataLoader of PyTorch: cutting takes less time than a transfer from a worker process. Lightning
    does not change its sampler with several processes; each process takes its own rows of every batch.
    """

    def __init__(self, batches: TrainingBatches | ConsecutiveBatches, numbers: BatchNumbers) -> None:
        self._batches = batches
        self.sampler = numbers
        """Lightning looks for this name and the next to find the object with `set_epoch`."""
        self.batch_sampler = None
        self._taken = 0

    def __len__(self) -> int:
        return len(self.sampler)

    def __iter__(self) -> Iterator[PatchBatch]:
        self._taken = self.sampler.skipped
        ahead = ThreadPoolExecutor(max_workers=1)
        try:
            waiting: Future[PatchBatch] | None = None
            for number in self.sampler:
                coming = ahead.submit(self._cut, number)
                if waiting is not None:
                    self._taken += 1
                    yield waiting.result()
                waiting = coming
            if waiting is not None:
                self._taken += 1
                yield waiting.result()
        finally:
            try:
                ahead.shutdown(wait=True)
            except KeyboardInterrupt:
                # Python drops a Ctrl-C that arrives while a generator is closed: raise it again outside.
                ahead.shutdown(wait=True)
                threading.Timer(_AGAIN_S, _thread.interrupt_main).start()

    def _cut(self, number: int) -> PatchBatch:
        patches, rates_hz = self._batches[number]
        return (patches.pin_memory(), rates_hz.pin_memory()) if torch.cuda.is_available() else (patches, rates_hz)

    def state_dict(self) -> dict[str, Any]:
        """The number of batches taken in this epoch."""
        return {"taken": self._taken % len(self)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Begin the next epoch after the batches that were already taken."""
        self.sampler.skipped = state["taken"]


def consecutive(signals: Sequence[Signal], patch: int, most: int | None = None) -> dict[tuple[str, float], Tensor]:
    """Patches (M, N) without overlap, by data set and rate; of each at most `most`, evenly spread."""
    cut = {}
    for key, group in by_set_and_rate([s for s in signals if s.samples_uv.shape[1] >= patch]).items():
        pool = WindowPool(group, patch, patch)
        count = len(pool) if most is None else min(most, len(pool))
        cut[key] = torch.from_numpy(pool.cut(np.linspace(0, len(pool) - 1, count).round().astype(np.int64)))
    return cut


def by_set_and_rate(signals: Sequence[Signal]) -> dict[tuple[str, float], list[Signal]]:
    """Signals by data set and rate."""

    def key(signal: Signal) -> tuple[str, float]:
        return signal.data_set, signal.rate_hz

    return {name: list(group) for name, group in groupby(sorted(signals, key=key), key=key)}
