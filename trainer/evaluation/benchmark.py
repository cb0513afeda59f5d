"""All windows that bundles of one signal path need: to fit baselines to, and to be scored on.

M windows, N samples in a window.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from eegstream.errors import ConfigError
from trainer.data.datamodule import CorpusDataModule
from trainer.evaluation.heldout_windows import HeldOutWindows, heldout_sets, sets_without_subjects
from trainer.evaluation.metrics import loud
from trainer.protocols import Batch, PatchDataModule

FIT_WINDOWS = 60_000
"""Training windows that baselines are fitted to."""
_EPOCHS = 24
_RATES = 4
"""So many times more where every rate has its own baselines."""
MEASURED = ("val", "test")


def window_samples(patch: int, model_rate_hz: float | None) -> int:
    """Samples that are scored together: a second of whole patches; a patch, where it is longer or the rate is any."""
    return patch * max(1, int((model_rate_hz or 0) // patch))


@dataclass(frozen=True)
class Benchmark:
    """All that bundles of one signal path and window are measured with."""

    window: int
    model_rate_hz: float | None
    training: dict[float, NDArray[np.float32]]
    """Windows (M, N) to fit baselines to by their samples' rate."""
    sets: list[HeldOutWindows]
    """Of the sides that training never saw."""

    @classmethod
    def of(
        cls, data: PatchDataModule, patch: int, model_rate_hz: float | None, fit_windows: int = FIT_WINDOWS
    ) -> "Benchmark":
        """The benchmark that a data module gives; one without recordings has its own patches for windows."""
        training: Iterable[Batch]
        if isinstance(data, CorpusDataModule):
            sides = data.sides(MEASURED)
            window = window_samples(patch, model_rate_hz)
            sets = [found for name, side in sides.items() for found in heldout_sets(side, name, window, model_rate_hz)]
            training = data.window_loader(window)
        else:
            sets = sets_without_subjects(data, model_rate_hz)
            window = sets[0].patches_uv.shape[1] if sets else patch
            training = data.train_dataloader()
        count = fit_windows if model_rate_hz else _RATES * fit_windows
        windows, rates_hz = training_windows(training, count)
        if model_rate_hz:
            rates_hz = np.full(len(windows), model_rate_hz)
        return cls(window, model_rate_hz, {float(r): windows[rates_hz == r] for r in np.unique(rates_hz)}, sets)


def training_windows(loader: Iterable[Batch], count: int) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Loud training windows (count, N) and their rates (count,); fewer, where an epoch is short: no more than 24.

    Raises:
        ConfigError: there is none.
    """
    parts: list[NDArray[np.float32]] = []
    told: list[NDArray[np.float64]] = []
    found = 0
    for epoch in range(_EPOCHS):
        set_epoch = getattr(getattr(loader, "sampler", None), "set_epoch", None)
        if set_epoch is not None:
            set_epoch(epoch)
        for batch in loader:
            patches, *rates_hz = (batch,) if isinstance(batch, Tensor) else batch
            heard = loud(patches)
            parts.append(patches[heard].float().numpy())
            told.append(rates_hz[0][heard, 0].double().numpy() if rates_hz else np.zeros(len(parts[-1])))
            found += len(parts[-1])
            if found >= count:
                return np.concatenate(parts)[:count], np.concatenate(told)[:count]
    if not found:
        raise ConfigError("no training patch is louder than 0.5 µV", "Look at the unit of the recordings")
    return np.concatenate(parts), np.concatenate(told)
