"""Read the marker file of a BrainVision recording: pauses from its `New Segment` marks, and events.

T samples.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eegstream.files.events import FileEvent, labelled
from eegstream.files.signals import regular_times_s

_MARK = re.compile(r"^\s*Mk\d+\s*=([^,\r\n]*),(.*)$", re.MULTILINE)
"""A type; then follow description, position from 1, size, channel and date; commas in a field are written `\\1`."""
_NEW_SEGMENT = "new segment"


@dataclass(frozen=True)
class _Segment:
    """A stretch without pauses."""

    first: int
    """Position of its first sample, from 0."""
    start: datetime | None


@dataclass(frozen=True)
class Pauses:
    """The pauses in the marks."""

    times_s: NDArray[np.float64]
    """(T,) seconds since the first sample, including pauses of known length."""
    unknown: tuple[int, ...]
    """First samples after pauses of unknown length."""
    remarks: tuple[str, ...]
    events: tuple[FileEvent, ...] = ()
    """The other marks, on the scale of `times_s`."""


def read_pauses(path: Path, n_samples: int, rate_hz: float) -> Pauses:
    """The pauses that the marker file at `path` marks in a recording of T samples.

    The dates of two segments give the length of the pause between them, unless the time between the dates does not
    exceed the duration of the samples.
    """
    times_s = regular_times_s(n_samples, rate_hz)
    try:
        content = path.read_bytes()
    except OSError:
        return Pauses(times_s, (), (f"{path.name} is not in the header's folder: pauses are not known",))
    text = _text(content)
    segments, remarks = _segments(text, n_samples)
    unknown = []
    paused_s = 0.0
    n_known = 0
    for before, after in pairwise(segments):
        pause_s = _pause_s(before, after, rate_hz)
        if pause_s is None:
            unknown.append(after.first)
        else:
            n_known += 1
            paused_s += pause_s
            times_s[after.first :] += pause_s
    if n_known:
        remarks.append(
            f"{n_known} pauses of the recording, {paused_s:g} s in all by the dates of its segments, are kept"
        )
    if unknown:
        remarks.append(f"{len(unknown)} pauses of the recording have an unknown length: segment dates do not show it")
    events = _events(text, times_s, rate_hz)
    return Pauses(times_s, tuple(unknown), tuple(remarks), events)


def _pause_s(before: _Segment, after: _Segment, rate_hz: float) -> float | None:
    """Seconds without samples between two segments; None if the dates do not show it."""
    if before.start is None or after.start is None:
        return None
    pause_s = (after.start - before.start).total_seconds() - (after.first - before.first) / rate_hz
    return pause_s if pause_s > 0.5 / rate_hz else None


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _events(text: str, times_s: NDArray[np.float64], rate_hz: float) -> tuple[FileEvent, ...]:
    """The marks that are not new segments; a mark of one sample has no duration."""
    events = []
    for kind, fields, position in _marks(text):
        if kind.lower() != _NEW_SEGMENT and 0 <= position < len(times_s):
            label = "/".join(part.replace(r"\1", ",") for part in (kind, fields[0]) if part)
            samples = int(fields[2]) if len(fields) > 2 and fields[2].isdecimal() else 0
            events.append(labelled(times_s[position], samples / rate_hz if samples > 1 else None, label))
    return tuple(events)


def _marks(text: str) -> Iterator[tuple[str, list[str], int]]:
    """Type, fields, and position from 0 of each mark; -1 if it states none."""
    for mark in _MARK.finditer(text):
        fields = [field.strip() for field in mark[2].split(",")]
        stated = fields[1] if len(fields) > 1 else ""
        yield mark[1].strip(), fields, int(stated) - 1 if stated.isdecimal() else -1


def _segments(text: str, n_samples: int) -> tuple[list[_Segment], list[str]]:
    """The segments in order, the first from sample 0, and remarks."""
    found: dict[int, _Segment] = {}
    remarks = []
    for kind, fields, position in _marks(text):
        if kind.lower() != _NEW_SEGMENT:
            continue
        if not 0 <= position < n_samples:
            remarks.append(f"a new segment at {','.join(fields)[:40]!r} was ignored: there is no such sample")
        elif position not in found or found[position].start is None:
            found[position] = _Segment(position, _date(fields[4] if len(fields) > 4 else ""))
    found.setdefault(0, _Segment(0, None))
    return [found[position] for position in sorted(found)], remarks


def _date(text: str) -> datetime | None:
    """The date of a mark, to the microsecond; None if there is none (also written as zeros)."""
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S%f") if len(text) == 20 else None
    except ValueError:
        return None
