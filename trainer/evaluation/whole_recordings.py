"""Whole recordings for the questions that windows cannot answer, as they are or as they come back from codes.

C channels, T samples.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from trainer.data.datamodule import CorpusDataModule
from trainer.protocols import PatchDataModule


@dataclass(frozen=True)
class Recorded:
    """One recording, as it is or decoded."""

    data_set: str
    subject: str
    file: str
    samples_uv: NDArray[np.float32]
    """(C, T)"""
    sampled_hz: float
    """Of these samples."""
    source_hz: float
    """Of the device, as a model is told."""
    side: str = ""


def recordings(data: PatchDataModule, model_rate_hz: float | None) -> list[Recorded]:
    """Every recording at its own rate, pieces between gaps being recordings of their own; none of other data."""
    if not isinstance(data, CorpusDataModule):
        return []
    return [
        Recorded(
            signal.data_set,
            signal.subject,
            recording.name,
            signal.samples_uv,
            model_rate_hz or signal.rate_hz,
            signal.rate_hz,
            name,
        )
        for name, side in data.sides().items()
        for recording in side.recordings
        for signal in recording.signals
        if signal.rate_hz == recording.signals[0].rate_hz
    ]


def whole_windows(recording: Recorded, window: int) -> Recorded:
    """The recording without what follows its last whole window."""
    count = recording.samples_uv.shape[1] // window
    return replace(recording, samples_uv=np.ascontiguousarray(recording.samples_uv[:, : count * window]))
