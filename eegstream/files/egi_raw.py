"""Decode EGI's simple binary files (.raw): electrodes and event lines, sample by sample.

C electrodes, E event lines, T samples.
"""

import struct
from dataclasses import dataclass

import numpy as np

from eegstream.dsp.montage import printable
from eegstream.errors import RecordingError
from eegstream.files.signals import Signals, regular_times_s

_STORED = {2: ">i2", 4: ">f4", 6: ">f8"}
_SEGMENTED = {3, 5, 7}
_HEAD = struct.Struct(">i6hi5hih")
_DATED = struct.Struct(">i6h")
_DATE = ((1980, 2100), (1, 12), (1, 31), (0, 23), (0, 59), (0, 59))
_CODE_BYTES = 4
_MOST_BITS = 64
"""Largest number of bits of the converter."""


@dataclass(frozen=True)
class _Head:
    version: int
    rate_hz: int
    n_electrodes: int
    microvolts: float
    """Microvolts per step."""
    n_samples: int
    """As the header states."""
    n_events: int


def looks_like_egi(content: bytes) -> bool:
    """Whether these bytes begin such a file: a known version, then a valid date."""
    if len(content) < _HEAD.size:
        return False
    version, *date = _DATED.unpack_from(content)
    is_date = all(low <= number <= high for number, (low, high) in zip(date, _DATE, strict=True))
    return is_date and version in {*_STORED, *_SEGMENTED}


def read_egi_raw(content: bytes, name: str) -> list[Signals]:
    """The electrodes E1, E2 and so on, and one line per event code; only continuous recordings."""
    head = _head(content, name)
    n_lines = head.n_electrodes + head.n_events
    start = _HEAD.size + _CODE_BYTES * head.n_events
    stored = np.dtype(_STORED[head.version])
    there, left_over = divmod(max(len(content) - start, 0), n_lines * stored.itemsize)
    n_samples = min(there, head.n_samples) if head.n_samples > 0 else there
    remarks = []
    if there != head.n_samples or left_over:
        remarks.append(f"the header states {head.n_samples} samples, the file has {there} whole ones")
    numbers = np.frombuffer(content, stored, n_samples * n_lines, start).reshape(n_samples, n_lines)
    codes = [
        printable(content[at : at + _CODE_BYTES].decode("latin-1")) for at in range(_HEAD.size, start, _CODE_BYTES)
    ]
    factors = np.repeat([head.microvolts, 1.0], [head.n_electrodes, head.n_events])[:, None]
    return [
        Signals(
            rate_hz=float(head.rate_hz),
            labels=(*(f"E{number}" for number in range(1, head.n_electrodes + 1)), *codes),
            types=("EEG",) * head.n_electrodes + ("EVENT",) * head.n_events,
            units=("uV",) * head.n_electrodes + ("",) * head.n_events,
            read=lambda start, stop: numbers[start:stop].T * factors,
            times_s=regular_times_s(n_samples, head.rate_hz),
            remarks=tuple(remarks),
        )
    ]


def _head(content: bytes, name: str) -> _Head:
    version = _DATED.unpack_from(content)[0]
    if version in _SEGMENTED:
        raise RecordingError(
            f"{name} is EGI simple binary in segments (version {version}), expected a continuous recording",
            remedy="Export it unsegmented",
        )
    fields = _HEAD.unpack_from(content)
    rate_hz, n_electrodes, _, bits, value_range_uv, n_samples, n_events = fields[8:]
    is_sound = rate_hz >= 1 and n_electrodes >= 1 and n_events >= 0 and 0 <= bits <= _MOST_BITS
    if not is_sound or len(content) < _HEAD.size + _CODE_BYTES * n_events:
        raise RecordingError(
            f"{name} states {n_electrodes} electrodes at {rate_hz} Hz, {bits} bits and {n_events} event lines in "
            f"{len(content)} bytes",
            remedy="Get the file again",
        )
    # Without a range of the converter the numbers are microvolts already.
    microvolts = value_range_uv / 2.0**bits if bits and value_range_uv else 1.0
    return _Head(version, rate_hz, n_electrodes, microvolts, n_samples, n_events)
