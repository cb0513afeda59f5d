"""Read the onset of each EDF+ or BDF+ record, and compute sample times from it.

R records of S samples a channel, T = R * S.
"""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from eegstream.errors import RecordingError
from eegstream.files.edf_header import EdfHeader
from eegstream.files.signals import regular_times_s

# The first list in a record's first annotation signal states its onset, then two bytes 0x14 (EDF+, section 2.2.4).
_TIME_KEEPING = re.compile(rb"([+-]\d+(?:\.\d*)?)\x14\x14")

_ONSET_ROUNDING_S = 1e-3
"""Onsets are decimal text, often with three digits: a step this small is rounding, not a hole."""


def record_onsets_s(
    time_keepers: Sequence[NDArray[np.uint8]], header: EdfHeader, name: str
) -> tuple[NDArray[np.float64] | None, list[str]]:
    """Onset (R,) of every record in seconds, or None if the file states none, and remarks.

    `time_keepers` holds the bytes (R, n) of the first annotation signal, or nothing.
    """
    if not time_keepers:
        if header.kind.endswith("+D"):
            return None, [f"{header.kind} without annotation signal: its holes are unknown, read as continuous"]
        return None, []
    onsets = np.full(len(time_keepers[0]), np.nan)
    for number, row in enumerate(time_keepers[0]):
        text = row.tobytes()
        match = _TIME_KEEPING.match(text)
        if match:
            onsets[number] = float(match[1])
        elif text.strip(b"\0 "):
            raise RecordingError(
                f"{name}: record {number} does not begin with its onset, bytes were lost or added before it",
                remedy="Get the file again in binary mode; this copy cannot be repaired",
            )
    return _filled(onsets, header)


def _filled(onsets: NDArray[np.float64], header: EdfHeader) -> tuple[NDArray[np.float64] | None, list[str]]:
    """Onsets; a missing onset is one record duration after the one before."""
    missing = np.flatnonzero(np.isnan(onsets))
    if len(missing) == len(onsets):
        return None, ["no record states its onset, read as continuous"] if header.kind.endswith("+D") else []
    if missing.size == 0:
        return onsets, []
    known = np.flatnonzero(~np.isnan(onsets))
    before = known[np.maximum(np.searchsorted(known, np.arange(len(onsets)), side="right") - 1, 0)]
    filled = onsets[before] + (np.arange(len(onsets)) - before) * header.duration_s
    return filled, [f"{missing.size} records state no onset, taken as following the record before"]


def times_from_onsets(
    onsets_s: NDArray[np.float64], samples: int, rate_hz: float, header: EdfHeader
) -> tuple[NDArray[np.float64], list[str]]:
    """Seconds (T,) since the first sample, with the holes between records, and remarks."""
    n_records = len(onsets_s)
    record_s = samples / rate_hz
    steps = np.diff(onsets_s) - record_s
    borders = np.flatnonzero(np.abs(steps) > max(0.5 / rate_hz, _ONSET_ROUNDING_S)) + 1
    if borders.size == 0:
        return regular_times_s(n_records * samples, rate_hz), []
    first = np.zeros(n_records, np.intp)
    first[borders] = borders
    first = np.maximum.accumulate(first)  # the record with which each record's continuous stretch begins
    since_first = (np.arange(n_records) - first)[:, None] * samples + np.arange(samples)
    times_s = (onsets_s[first] - onsets_s[0])[:, None] + since_first / rate_hz
    return times_s.reshape(-1), _hole_remarks(steps[borders - 1], header)


def _hole_remarks(steps_s: NDArray[np.float64], header: EdfHeader) -> list[str]:
    """Remarks on holes and overlaps between records, in seconds."""
    remarks = []
    holes, back = steps_s[steps_s > 0], steps_s[steps_s < 0]
    if holes.size:
        claim = f", although the header says {header.kind} (continuous)" if header.kind.endswith("+C") else ""
        remarks.append(f"{holes.size} holes between records, {holes.sum():g} s in all, are kept{claim}")
    if back.size:
        remarks.append(f"{back.size} records start before the one before them ended, by {-back.min():g} s at most")
    return remarks
