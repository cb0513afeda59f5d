"""Read the status channel of a BioSemi recording: trigger codes, and bit 16, which marks the start of an epoch.

T samples.
"""

import numpy as np
from numpy.typing import NDArray

from eegstream.files.edf_header import EdfChannel, EdfHeader
from eegstream.files.events import FileEvent, coded

_TRIGGER_BITS = 0xFFFF
_NEW_EPOCH = 1 << 16
_EPOCH_SAMPLES = 128
"""Shortest mean length of epochs; below it, another kind of recorder uses the bit for something else."""


def status_channel(header: EdfHeader) -> EdfChannel | None:
    """The signal whose bits 16 to 23 hold the recorder's state; None if there is none, as in EDF."""
    is_bdf = header.sample_bytes == 3
    return next((channel for channel in header.signals if is_bdf and channel.label.lower() == "status"), None)


def triggers(status: NDArray[np.integer], rate_hz: float) -> list[FileEvent]:
    """One event wherever the code in bits 0 to 15 of `status` (T,) becomes another one that is not 0.

    Bits that are set from the first sample to the last belong to no code: nothing is connected to them. The code of the
    first sample is no event; it may have begun before.
    """
    codes = status & _TRIGGER_BITS
    codes = codes & ~np.bitwise_and.reduce(codes)
    begins = np.flatnonzero((codes[1:] != codes[:-1]) & (codes[1:] != 0)) + 1
    return [coded(first / rate_hz, None, int(codes[first])) for first in begins.tolist()]


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
