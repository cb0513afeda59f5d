"""Read the events of a BIDS recording from the `_events.tsv` beside it."""

import csv
from pathlib import Path

import numpy as np

from eegstream.dsp.montage import printable
from eegstream.files.events import FileEvent, labelled

_ENDING = "_eeg"
_LABELS = ("trial_type", "value", "event_type", "stim_type")
"""Columns with an event's name; the first that says something counts."""
_NOTHING = {"", "n/a"}


def events_beside(path: Path) -> tuple[tuple[FileEvent, ...], tuple[str, ...]] | None:
    """Events of the recording at `path`, in seconds since its first sample, and remarks; None without such a file."""
    if not path.stem.endswith(_ENDING):
        return None
    table = path.with_name(f"{path.stem.removesuffix(_ENDING)}_events.tsv")
    try:
        text = table.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        return None
    rows = list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
    found = [event for row in rows if (event := _event(row)) is not None]
    unread = len(rows) - len(found)
    remarks = [f"events are those of {printable(table.name)}"]
    if unread:
        remarks.append(f"{unread} rows of {printable(table.name)} state no onset and were left out")
    return tuple(found), tuple(remarks)


def _event(row: dict[str, str | None]) -> FileEvent | None:
    onset_s = _number(row.get("onset"))
    if onset_s is None:
        return None
    texts = [text for column in _LABELS if (text := (row.get(column) or "").strip()) not in _NOTHING]
    event = labelled(onset_s, _number(row.get("duration")) or None, texts[0] if texts else "event")
    value = _number(row.get("value"))
    return event if value is None else FileEvent(event.t_s, event.duration_s, event.label, value)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if np.isfinite(number) else None
