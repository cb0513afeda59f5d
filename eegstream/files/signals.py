"""What a format's reader hands over: the channels of one file, still in the file's own units.

C channels, T samples.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

_SAME_RATE = 1e-6
"""Rates that differ by a smaller share are one rate: headers round."""


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
    stamped: bool = False
    """Whether `times_s` are a clock's stamps: another rate leaves them alone. Else they count samples."""
    device: str = ""
    """Streams of one device are judged as one montage, whatever their rates."""
    pauses: tuple[int, ...] = ()
    """Positions of the first sample behind each pause of unknown length; `times_s` shows nothing of those."""


def regular_times_s(n_samples: int, rate_hz: float) -> NDArray[np.float64]:
    """Seconds (T,) since the first sample of a recording without holes: n / rate, to the bit."""
    return np.arange(n_samples) / rate_hz


def with_rate(signals: Signals, rate_hz: float | None) -> Signals:
    """The same samples at the rate that the user gave, if it is another one; a remark names both.

    Where times count samples they are counted anew; a hole keeps its length in seconds.
    """
    stated_hz = signals.rate_hz
    if rate_hz is None or abs(rate_hz - stated_hz) <= _SAME_RATE * rate_hz:
        return signals
    remark = f"{rate_hz:g} Hz were given and hold, the file states {stated_hz:g} Hz"
    times_s = signals.times_s if signals.stamped else _counted_anew(signals.times_s, stated_hz, rate_hz)
    return replace(signals, rate_hz=rate_hz, times_s=times_s, remarks=(*signals.remarks, remark))


def _counted_anew(times_s: NDArray[np.float64], stated_hz: float, rate_hz: float) -> NDArray[np.float64]:
    """Times (T,) of samples that were counted at `stated_hz`, counted at `rate_hz`; jumps are kept."""
    beyond_s = np.diff(times_s, prepend=times_s[:1] - 1 / stated_hz) - 1 / stated_hz
    beyond_s[np.abs(beyond_s) <= 0.5 / stated_hz] = 0
    return np.asarray(regular_times_s(len(times_s), rate_hz) + np.cumsum(beyond_s))
