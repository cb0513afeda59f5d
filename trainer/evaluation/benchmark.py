"""The windows that bundles and baselines are compared on.

M windows, N samples in a window, C channels, T samples of a recording.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from eegstream.errors import ConfigError
from trainer.data.preparation import Side
from trainer.data.windows import WindowPool, by_set_and_rate
from trainer.evaluation.downstream import Recorded
from trainer.evaluation.metrics import loud
from trainer.evaluation.scoring import PatchSet

MOST = 40_000
"""Windows of a data set and rate, evenly spread."""
FIT_WINDOWS = 60_000
"""Training windows that baselines are fitted to."""
_EPOCHS = 24
_RATES = 4
"""So many times more where every rate has its own baselines."""
MEASURED = ("val", "test")


def window_of(patch: int, model_rate_hz: float | None) -> int:
    """Samples that are scored together: a second of whole patches; a patch, where it is longer or the rate is any."""
    return patch * max(1, int((model_rate_hz or 0) // patch))


@dataclass(frozen=True)
class Bench:
    """All that bundles of one signal path and window are measured with."""

    window: int
    model_rate_hz: float | None
    training: dict[float, NDArray[np.float32]]
    """Windows (M, N) to fit baselines to by their samples' rate."""
    sets: list[PatchSet]
    """Of the sides that training never saw."""

    @classmethod
    def of(cls, data: Any, patch: int, model_rate_hz: float | None, fit_windows: int = FIT_WINDOWS) -> "Bench":
        """The bench of a data module. Loaders of one's own have their own patches, and say nothing of subjects."""
        sides: dict[str, Side] = data.sides(MEASURED)
        if sides:
            window = window_of(patch, model_rate_hz)
            sets = [found for name, side in sides.items() for found in patch_sets(side, name, window, model_rate_hz)]
        else:
            sets = _unnamed(data, model_rate_hz)
            window = sets[0].patches_uv.shape[1] if sets else patch
        count = fit_windows if model_rate_hz else _RATES * fit_windows
        windows, rates_hz = training_windows(data.window_loader(window), count)
        if model_rate_hz:
            rates_hz = np.full(len(windows), model_rate_hz)
        return cls(window, model_rate_hz, {float(r): windows[rates_hz == r] for r in np.unique(rates_hz)}, sets)


def patch_sets(side: Side, name: str, window: int, model_rate_hz: float | None) -> list[PatchSet]:
    """Loud windows without overlap, a set for each data set and rate."""
    found = []
    long_enough = [signal for signal in side.signals if signal.samples_uv.shape[1] >= window]
    own = {(recording.signals[0].data_set, recording.signals[0].rate_hz) for recording in side.recordings}
    for (data_set, rate_hz), group in by_set_and_rate(long_enough).items():
        pool = WindowPool(group, window, window)
        subjects = np.repeat(
            [signal.subject for signal in group],
            [len(signal.samples_uv) * (signal.samples_uv.shape[1] // window) for signal in group],
        )
        taken = np.linspace(0, len(pool) - 1, min(MOST, len(pool))).round().astype(np.int64)
        windows = pool.cut(taken)
        heard = loud(torch.from_numpy(windows)).numpy()
        if heard.any():
            sampled_hz = model_rate_hz or rate_hz
            is_own = (data_set, rate_hz) in own
            found.append(PatchSet(data_set, name, rate_hz, sampled_hz, windows[heard], subjects[taken][heard], is_own))
    return found


def _unnamed(data: Any, model_rate_hz: float | None) -> list[PatchSet]:
    """Patches of one's own loaders: all of one subject, for all that is known."""
    found = []
    for (name, rate_hz), patches in data.patches("val", MOST).items():
        heard = patches[loud(patches)].numpy()
        if len(heard):
            who = np.full(len(heard), "unknown")
            found.append(PatchSet(name, "val", rate_hz, model_rate_hz or rate_hz, heard, who))
    return found


def training_windows(loader: Any, count: int) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Loud training windows (count, N) and their rates (count,); fewer, where an epoch is short: no more than 24.

    Raises:
        ConfigError: there is none.
    """
    parts: list[NDArray[np.float32]] = []
    told: list[NDArray[np.float64]] = []
    found = 0
    for epoch in range(_EPOCHS):
        if hasattr(getattr(loader, "sampler", None), "set_epoch"):
            loader.sampler.set_epoch(epoch)
        for batch in loader:
            patches, *rates_hz = batch if isinstance(batch, (tuple, list)) else (batch,)
            heard = loud(patches)
            parts.append(patches[heard].float().numpy())
            told.append(rates_hz[0][heard, 0].double().numpy() if rates_hz else np.zeros(len(parts[-1])))
            found += len(parts[-1])
            if found >= count:
                return np.concatenate(parts)[:count], np.concatenate(told)[:count]
    if not found:
        raise ConfigError("no training patch is louder than 0.5 µV", "Look at the unit of the recordings")
    return np.concatenate(parts), np.concatenate(told)


def recordings(sides: dict[str, Side], model_rate_hz: float | None) -> list[Recorded]:
    """Every recording at its own rate, pieces between gaps being recordings of their own."""
    return [
        Recorded(
            signal.data_set,
            signal.subject,
            recording.name,
            signal.samples_uv,
            model_rate_hz or signal.rate_hz,
            signal.rate_hz,
        )
        for side in sides.values()
        for recording in side.recordings
        for signal in recording.signals
        if signal.rate_hz == recording.signals[0].rate_hz
    ]
