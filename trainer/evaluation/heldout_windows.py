"""Windows of subjects and devices that are not used in training, and their subjects.

M windows, N samples in a window.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from trainer.data.datamodule import CorpusDataModule
from trainer.data.preparation import Side
from trainer.data.windows import WindowPool, by_set_and_rate
from trainer.evaluation.metrics import loud
from trainer.protocols import PatchDataModule

MOST = 40_000
"""Largest number of windows of a data set and rate, evenly spread."""
_BLOCK = 20
"""Consecutive windows that are drawn together if a set has one subject."""


@dataclass(frozen=True)
class HeldOutWindows:
    """Windows of one data set and source rate, without quiet ones."""

    data_set: str
    side: str
    rate_hz: float
    """Rate of the source, as the model is given it."""
    sampled_hz: float
    """Rate of the samples in a window."""
    patches_uv: NDArray[np.float32]
    """(M, N)"""
    subjects: NDArray[np.str_]
    """(M,)"""
    is_own: bool = True
    """True at the recordings' own rate, false at that of an imitated device."""

    @property
    def name(self) -> str:
        """Its name in tables."""
        return f"{self.data_set} {self.rate_hz:g} Hz"

    @property
    def n_subjects(self) -> int:
        """Number of subjects."""
        return len(set(self.subjects.tolist()))

    @property
    def groups(self) -> NDArray[np.int64]:
        """Groups (M,) to draw: subjects, or blocks of consecutive windows of a single subject."""
        if self.n_subjects == 1:
            return np.arange(len(self.subjects), dtype=np.int64) // _BLOCK
        return np.unique(self.subjects, return_inverse=True)[1].astype(np.int64)


def heldout_sets(side: Side, name: str, window: int, model_rate_hz: float | None) -> list[HeldOutWindows]:
    """Windows without overlap and without quiet ones, a set for each data set and rate."""
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
            found.append(
                HeldOutWindows(data_set, name, rate_hz, sampled_hz, windows[heard], subjects[taken][heard], is_own)
            )
    return found


def sets_without_subjects(data: PatchDataModule, model_rate_hz: float | None, most: int = MOST) -> list[HeldOutWindows]:
    """Patches of a user's loaders, taken as those of one subject, since subjects are unknown."""
    found = []
    for (name, rate_hz), patches in data.patches("val", most).items():
        heard = patches[loud(patches)].numpy()
        if len(heard):
            who = np.full(len(heard), "unknown")
            found.append(HeldOutWindows(name, "val", rate_hz, model_rate_hz or rate_hz, heard, who))
    return found


def imitated_sets(
    data: PatchDataModule, rates_hz: Sequence[float], window: int, model_rate_hz: float | None
) -> list[HeldOutWindows]:
    """Validation windows as devices of these rates would have sent them; none for data without recordings."""
    if not isinstance(data, CorpusDataModule):
        return []
    return heldout_sets(data.imitated("val", rates_hz), "val", window, model_rate_hz)
