"""All windows for bundles of one signal path: to fit baselines to, and to score on.

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
"""Factor of the number of windows if every rate has its own baselines."""
MEASURED = ("val", "test")


def window_samples(patch: int, model_rate_hz: float | None) -> int:
    """Samples of a window: one second of whole patches; one patch if it is longer, or if the model has no rate."""
    return patch * max(1, int((model_rate_hz or 0) // patch))


@dataclass(frozen=True)
class Benchmark:
    """All windows with which bundles of one signal path and window length are measured."""

    window: int
    model_rate_hz: float | None
    training: dict[float, NDArray[np.float32]]
    """Windows (M, N) to fit baselines to by their samples' rate."""
    sets: list[HeldOutWindows]
    """Windows of the sides that are not used in training."""

    @classmethod
    def of(
        cls, data: PatchDataModule, patch: int, model_rate_hz: float | None, fit_windows: int = FIT_WINDOWS
    ) -> "Benchmark":
        """The benchmark of a data module; for one without recordings, windows are its patches."""
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
    """Training windows (count, N) that are not quiet, and their rates (count,); fewer if 24 epochs do not have as many.

    Raises:
        ConfigError: there is no such window.
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
        raise ConfigError(
            "all training patches have a standard deviation below 0.5 µV",
            "Check the unit of the recordings (data.unit)",
        )
    return np.concatenate(parts), np.concatenate(told)
