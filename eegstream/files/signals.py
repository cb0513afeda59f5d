"""The result of a format's reader: the channels of one file, in the file's own units.

C channels, T samples.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eegstream.files.events import FileEvent, at_times

_SAME_RATE = 1e-6
"""Rates that differ by a smaller share are the same rate, because headers round."""


@dataclass(frozen=True)
class Signals:
    """One stream of a file: channels with one rate. Samples are decoded piece by piece, without a copy of the file."""

    rate_hz: float
    """Nominal rate: from the file, from its timestamps, or from the user."""
    labels: tuple[str, ...]
    """(C,) as in the file; may be empty or hold unprintable characters."""
    types: tuple[str, ...]
    """(C,) stated types; "" if the label decides."""
    units: tuple[str, ...]
    """(C,) the header's text; "" if it states none."""
    read: Callable[[int, int], NDArray[np.float64]]
    """Samples (C, stop - start) from `start` up to `stop`, each channel in its unit."""
    times_s: NDArray[np.float64]
    """(T,) as in the file, from any origin; may have holes, jitter and steps back."""
    remarks: tuple[str, ...] = ()
    bad: tuple[str, ...] = ()
    """Labels of channels that the file itself marks as bad."""
    name: str = ""
    """Name of the stream within its file; "" if the file does not name streams."""
    kind: str = "EEG"
    """The stream's type in the file. Streams that are not EEG are read only if the user names them."""
    timestamped: bool = False
    """Whether `times_s` are timestamps of a clock, which another rate does not change. Else they count samples."""
    device: str = ""
    """Streams of one device are judged as one montage, even if their rates differ."""
    events: tuple[FileEvent, ...] = ()
    """On the scale of `times_s`."""
    pauses: tuple[int, ...] = ()
    """Positions of the first sample after each pause of unknown length; `times_s` does not show these pauses."""


def regular_times_s(n_samples: int, rate_hz: float) -> NDArray[np.float64]:
    """Seconds (T,) since the first sample of a recording without holes: n / rate, to the bit."""
    return np.arange(n_samples) / rate_hz


def overridden_rate(user_hz: float, contradiction: str) -> str:
    """The remark that the user's rate counts, although the file states or shows another one."""
    return f"the rate is taken as {user_hz:g} Hz as given; {contradiction}"


def with_rate(signals: Signals, rate_hz: float | None) -> Signals:
    """The same samples at the user's rate, if that differs; a remark names both rates.

    Times that count samples are computed again; a hole keeps its length in seconds.
    """
    stated_hz = signals.rate_hz
    if rate_hz is None or abs(rate_hz - stated_hz) <= _SAME_RATE * rate_hz:
        return signals
    remark = overridden_rate(rate_hz, f"the file states {stated_hz:g} Hz")
    times_s = signals.times_s if signals.timestamped else _counted_anew(signals.times_s, stated_hz, rate_hz)
    events = at_times(signals.events, signals.times_s, times_s)
    return replace(signals, rate_hz=rate_hz, times_s=times_s, remarks=(*signals.remarks, remark), events=events)


def _counted_anew(times_s: NDArray[np.float64], stated_hz: float, rate_hz: float) -> NDArray[np.float64]:
    """Convert times (T,) that count samples at `stated_hz` to `rate_hz`; jumps keep their length."""
    beyond_s = np.diff(times_s, prepend=times_s[:1] - 1 / stated_hz) - 1 / stated_hz
    beyond_s[np.abs(beyond_s) <= 0.5 / stated_hz] = 0
    return np.asarray(regular_times_s(len(times_s), rate_hz) + np.cumsum(beyond_s))
