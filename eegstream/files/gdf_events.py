"""Read the event table of a GDF recording: events, and where a segment starts after a break."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegstream.files.events import FileEvent, coded

_NEW_SEGMENT = 0x7FFE
_MODES = (1, 3)
"""Modes of event tables; in both, positions and codes come first. Mode 3 also has channels and durations."""
_TABLE_OF_TWO = 1.94
"""From this GDF version on, the number of events comes before their rate."""
_HEAD_BYTES = 8


@dataclass(frozen=True)
class EventTable:
    """What a file's table says; times in seconds since the first sample, without pauses."""

    starts_s: NDArray[np.float64]
    """(n,) starts of all segments but the first."""
    events: tuple[FileEvent, ...] = ()
    remarks: tuple[str, ...] = ()


_EMPTY = EventTable(np.zeros(0))


def read_events(content: bytes, at: int, rate_hz: float) -> EventTable:
    """The table that follows the samples, from byte `at`; if it states no rate, it counts samples at `rate_hz`."""
    table = content[at:]
    if len(table) < _HEAD_BYTES or table[0] not in _MODES:
        return _EMPTY
    try:
        is_second = float(content[4:8]) >= _TABLE_OF_TWO
    except ValueError:
        return _EMPTY
    if is_second:
        n_events, own_hz = int.from_bytes(table[1:4], "little"), float(np.frombuffer(table, "<f4", 1, 4)[0])
    else:
        own_hz, n_events = float(int.from_bytes(table[1:4], "little")), int.from_bytes(table[4:8], "little")
    if len(table) < _HEAD_BYTES + 6 * n_events:
        remark = f"the table of {n_events} events is cut off: events and pauses are not known"
        return EventTable(np.zeros(0), remarks=(remark,))
    table_hz = own_hz if np.isfinite(own_hz) and own_hz > 0 else rate_hz
    onsets_s = (np.frombuffer(table, "<u4", n_events, _HEAD_BYTES).astype(np.float64) - 1) / table_hz  # from 1
    codes = np.frombuffer(table, "<u2", n_events, _HEAD_BYTES + 4 * n_events)
    starts_s = np.unique(onsets_s[codes == _NEW_SEGMENT])
    starts_s = starts_s[starts_s > 0]
    remarks = (f"{starts_s.size} segments begin after a break: pauses of unknown length",) if starts_s.size else ()
    durations_s = _durations_s(table, n_events, table_hz)
    events = tuple(
        coded(onset_s, duration_s or None, int(code))
        for onset_s, duration_s, code in zip(onsets_s.tolist(), durations_s.tolist(), codes, strict=True)
        if code not in {0, _NEW_SEGMENT}
    )
    return EventTable(starts_s, events, remarks)


def _durations_s(table: bytes, n_events: int, rate_hz: float) -> NDArray[np.float64]:
    """Seconds (n,); 0 where the table states none."""
    first = _HEAD_BYTES + 8 * n_events  # behind positions, codes and channels
    if table[0] != 3 or len(table) < first + 4 * n_events:
        return np.zeros(n_events)
    return np.frombuffer(table, "<u4", n_events, first).astype(np.float64) / rate_hz
