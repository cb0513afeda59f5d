"""Find the pauses of a recording from the annotations that MNE-Python gives it.

T samples from MNE-Python, N of them acquired.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegstream.files.events import FileEvent, at_times, labelled

_SKIP = "BAD_ACQ_SKIP"
"""A pause of known length, filled with zeros."""
_BOUNDARY = "boundary"
"""Part of the name of every mark between joined pieces: EEGLAB's "boundary", MNE-Python's "EDGE boundary"."""
_HALF = 0.5 + 1e-2
"""A mark lies on a sample or half a sample before it; its time may be rounded by a fraction of a sample."""


@dataclass(frozen=True)
class Pauses:
    """The pauses in the annotations."""

    keep: NDArray[np.bool_]
    """(T,) which samples were acquired."""
    times_s: NDArray[np.float64]
    """(N,) seconds since the first sample, including pauses of known length."""
    unknown: tuple[int, ...]
    """First samples after pauses of unknown length, from 0 to N."""
    remarks: tuple[str, ...]


def pauses_of(raw: Any, n_samples: int, removed: Any = None) -> Pauses:
    """The pauses of `raw`; the boundaries in the annotations `removed`, if given, last as long as the cut-out data."""
    rate_hz = float(raw.info["sfreq"])
    keep = np.ones(n_samples, np.bool_)
    removed_s: dict[int, float] = {}
    notes, origin_s = (raw.annotations, raw.first_time) if removed is None else (removed, 0.0)
    for onset_s, duration_s, text in zip(notes.onset, notes.duration, notes.description, strict=True):
        first = int(np.floor((onset_s - origin_s) * rate_hz + _HALF))
        if text == _SKIP:
            keep[max(first, 0) : max(first + round(duration_s * rate_hz), 0)] = False
        elif _BOUNDARY in str(text).lower():
            is_stated = removed is not None and np.isfinite(duration_s)
            removed_s[first] = removed_s.get(first, 0.0) + (max(float(duration_s), 0.0) if is_stated else 0.0)
    times_s = np.arange(n_samples) / rate_hz
    inside = {first: length_s for first, length_s in sorted(removed_s.items()) if 0 < first < n_samples}
    for first, length_s in inside.items():
        times_s[first:] += length_s
    unknown = tuple(
        int(np.count_nonzero(keep[:first])) for first, length_s in inside.items() if not length_s and keep[first - 1]
    )
    return Pauses(keep, times_s[keep], unknown, _remarks(keep, list(inside.values())))


def events_of(raw: Any, pauses: Pauses, removed: Any = None) -> tuple[FileEvent, ...]:
    """The annotations that mark no pause, on the scale of the pauses' times; `removed` as in `pauses_of`."""
    notes, origin_s = (raw.annotations, raw.first_time) if removed is None else (removed, 0.0)
    sample_s = 1 / float(raw.info["sfreq"])
    events = [
        labelled(float(onset_s) - origin_s, float(duration_s) if duration_s > 1.5 * sample_s else None, str(text))
        for onset_s, duration_s, text in zip(notes.onset, notes.duration, notes.description, strict=True)
        if text != _SKIP and _BOUNDARY not in str(text).lower()
    ]
    counted_s = np.arange(len(pauses.keep), dtype=np.float64) * sample_s
    return at_times(events, counted_s[pauses.keep], pauses.times_s)


def _remarks(keep: NDArray[np.bool_], removed_s: list[float]) -> tuple[str, ...]:
    remarks = []
    known = [length_s for length_s in removed_s if length_s]
    if known:
        remarks.append(f"{len(known)} boundaries mark where {sum(known):g} s in all were cut out: the holes are kept")
    if len(removed_s) > len(known):
        remarks.append(
            f"{len(removed_s) - len(known)} boundaries mark where pieces were joined: how far apart is unknown"
        )
    if not keep.all():
        remarks.append(f"{int(np.count_nonzero(~keep))} samples were never acquired, the holes are kept")
    return tuple(remarks)
