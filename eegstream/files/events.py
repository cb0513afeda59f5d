"""The events of a recording: stimuli, answers and annotations that its file marks."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.montage import printable

_NUMBER = re.compile(r"(?:.*/)?(?:[SR] *)?(\d{1,9})")
"""A label that is a number, or one of BrainVision's such as `Stimulus/S  1`."""

_FEW, _SAMPLES_AN_EVENT = 1000, 16
"""More events than both allow, such as a counter in a trigger channel, are not believed."""
_ROUNDING_S = 1e-6
"""An event that is so little before a sample is at it."""


@dataclass(frozen=True)
class FileEvent:
    """One event of a file."""

    t_s: float
    """Seconds on the scale of the times of the samples that it belongs to."""
    duration_s: float | None
    """None if the file states none."""
    label: str
    """Printable."""
    value: float | None = None
    """The number that the file states, or that the label is."""


def labelled(t_s: float, duration_s: float | None, text: str) -> FileEvent:
    """An event whose label is `text`; if that is a number, it is the value."""
    label = printable(text)
    number = _NUMBER.fullmatch(label)
    usable_s = duration_s if duration_s is not None and np.isfinite(duration_s) and duration_s >= 0 else None
    return FileEvent(float(t_s), usable_s, label, float(number[1]) if number else None)


def coded(t_s: float, duration_s: float | None, code: int) -> FileEvent:
    """An event that is a number."""
    return FileEvent(float(t_s), duration_s, str(code), float(code))


def plausible(events: tuple[FileEvent, ...], n_samples: int) -> tuple[tuple[FileEvent, ...], list[str]]:
    """The events of a recording, unless they are so many that they must be something else, and remarks."""
    if len(events) <= max(_FEW, n_samples / _SAMPLES_AN_EVENT):
        return events, []
    return (), [f"{len(events)} events in {n_samples} samples were left out: so many are no events"]


def at_times(
    events: Iterable[FileEvent], before_s: NDArray[np.float64], after_s: NDArray[np.float64]
) -> tuple[FileEvent, ...]:
    """The events on the scale of `after_s` (T,), in order of time; that of `before_s` (T,) is the one that they have.

    An event keeps its distance to the last sample before it, or to the first sample of all.
    """
    usable = np.isfinite(before_s) & np.isfinite(after_s)
    given = [event for event in events if np.isfinite(event.t_s)]
    if not given or not usable.any():
        return ()
    rising_s = np.maximum.accumulate(before_s[usable])
    last = np.searchsorted(rising_s, np.array([event.t_s for event in given]) + _ROUNDING_S, side="right") - 1
    shifts_s = (after_s - before_s)[usable][np.maximum(last, 0)]
    moved = (replace(event, t_s=event.t_s + float(shift)) for event, shift in zip(given, shifts_s, strict=True))
    return tuple(sorted(moved, key=lambda event: event.t_s))
