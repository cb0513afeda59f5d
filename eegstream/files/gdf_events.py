"""Find the pauses of a GDF recording: its event table states where a segment starts after a break."""

import numpy as np
from numpy.typing import NDArray

_NEW_SEGMENT = 0x7FFE
_MODES = (1, 3)
"""Modes of event tables; in both, positions and codes come first."""
_TABLE_OF_TWO = 1.94
"""From this GDF version on, the number of events comes before their rate."""
_HEAD_BYTES = 8


def segment_starts_s(content: bytes, at: int, rate_hz: float) -> tuple[NDArray[np.float64], list[str]]:
    """Start times (n,) of all segments but the first, in seconds since the first sample, and remarks.

    The table follows the samples, from byte `at`. If it states no rate, its positions count samples at `rate_hz`.
    """
    table = content[at:]
    none = np.zeros(0)
    if len(table) < _HEAD_BYTES or table[0] not in _MODES:
        return none, []
    try:
        is_second = float(content[4:8]) >= _TABLE_OF_TWO
    except ValueError:
        return none, []
    if is_second:
        n_events, own_hz = int.from_bytes(table[1:4], "little"), float(np.frombuffer(table, "<f4", 1, 4)[0])
    else:
        own_hz, n_events = float(int.from_bytes(table[1:4], "little")), int.from_bytes(table[4:8], "little")
    if len(table) < _HEAD_BYTES + 6 * n_events:
        return none, [f"the table of {n_events} events is cut off: pauses are not known"]
    positions = np.frombuffer(table, "<u4", n_events, _HEAD_BYTES).astype(np.float64) - 1  # from 1
    codes = np.frombuffer(table, "<u2", n_events, _HEAD_BYTES + 4 * n_events)
    starts = np.unique(positions[codes == _NEW_SEGMENT])
    starts = starts[starts > 0]
    remarks = [f"{starts.size} segments begin after a break: pauses of unknown length"] if starts.size else []
    return starts / (own_hz if np.isfinite(own_hz) and own_hz > 0 else rate_hz), remarks
