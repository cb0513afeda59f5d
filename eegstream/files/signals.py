"""What a format's reader hands over: the channels of one file, still in the file's own units.

C channels, T samples.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Signals:
    """One stream of a file: channels of one common rate, decoded one at a time, so that a long file needs no copy."""

    rate_hz: float
    """Nominal: what the file states, what its stamps show, or what the user said."""
    labels: tuple[str, ...]
    """As the file has them; C entries, may be empty or hold odd characters."""
    types: tuple[str, ...]
    """(C,) stated types; "" where the label decides."""
    units: tuple[str, ...]
    """(C,) the header's text; "" where it states none."""
    read: Callable[[int], NDArray[np.float64]]
    """Samples (T,) of channel number i, in `units[i]`."""
    times_s: NDArray[np.float64]
    """(T,) as the file has them, from any origin; may hold holes, jitter and steps back."""
    remarks: tuple[str, ...] = ()
    bad: tuple[str, ...] = ()
    """Labels of channels that the file itself marks as bad."""
    name: str = ""
    """Name of the stream within its file; "" where the file has no names for streams."""
    kind: str = "EEG"
    """What the file calls the whole stream. Streams that are not EEG are read when the user names them."""
    pauses: tuple[int, ...] = ()
    """Positions of the first sample behind each pause of unknown length; `times_s` shows nothing of those."""


def usual_samples(counts: Sequence[int]) -> int:
    """The number of samples that most channels have; the larger one of two. Channels of one rate share it."""
    return max(set(counts), key=lambda count: (counts.count(count), count))


def regular_times_s(n_samples: int, rate_hz: float) -> NDArray[np.float64]:
    """Seconds (T,) since the first sample of a recording without holes: n / rate, to the bit."""
    return np.arange(n_samples) / rate_hz
