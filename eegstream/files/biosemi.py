"""Find the pauses of a BioSemi recording: bit 16 of its status channel marks the start of an epoch.

T samples.
"""

import numpy as np
from numpy.typing import NDArray

from eegstream.files.edf_header import EdfChannel, EdfHeader

_NEW_EPOCH = 1 << 16
_EPOCH_SAMPLES = 128
"""Shortest mean length of epochs; below it, another kind of recorder uses the bit for something else."""


def status_channel(header: EdfHeader) -> EdfChannel | None:
    """The signal whose bits 16 to 23 hold the recorder's state; None if there is none, as in EDF."""
    is_bdf = header.sample_bytes == 3
    return next((channel for channel in header.signals if is_bdf and channel.label.lower() == "status"), None)


def epoch_starts(status: NDArray[np.integer]) -> tuple[NDArray[np.intp], list[str]]:
    """First sample (n,) of every epoch but the first, and remarks; `status` (T,) holds the stored numbers.

    The recorder sets the bit on the first sample after a pause; it does not store the pause's length. A bit that stays
    set marks one pause.
    """
    is_set = (status & _NEW_EPOCH) != 0
    starts = np.flatnonzero(is_set[1:] & ~is_set[:-1]) + 1
    if starts.size == 0:
        return starts, []
    if len(status) < starts.size * _EPOCH_SAMPLES:
        return starts[:0], [f"bit 16 of the status channel is set {starts.size} times: not read as pauses"]
    return starts, [f"the status channel marks {starts.size} new epochs: pauses of unknown length"]
