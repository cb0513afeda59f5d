"""Decode GDF 1 and 2 with the units of the file's header.

C channels, R records.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.montage import printable
from eegstream.errors import RecordingError
from eegstream.files.gdf_events import EventTable, read_events
from eegstream.files.signals import Signals, regular_times_s

MAGIC = b"GDF "

_STORED = {1: "i1", 2: "u1", 3: "<i2", 4: "<u2", 5: "<i4", 6: "<u4", 7: "<i8", 8: "<u8", 16: "<f4", 17: "<f8"}
_UNIT_OF_CODE = {4256: "V", 4274: "mV", 4275: "uV", 4276: "nV"}
"""Physical units of GDF 2 (ISO 11073-10101); 0 and 512 mean "no unit"."""
_LIMITS = ("physical_min", "physical_max", "digital_min", "digital_max")
_COLUMNS_1 = (("label", "S16"), ("transducer", "S80"), ("unit", "S8"), ("physical_min", "<f8"), ("physical_max", "<f8"),
              ("digital_min", "<i8"), ("digital_max", "<i8"), ("filter", "S80"), ("samples", "<i4"), ("stored", "<i4"),
              ("reserved", "S32"))  # fmt: skip
_COLUMNS_2 = (("label", "S16"), ("transducer", "S80"), ("text", "S6"), ("unit", "<u2"), ("physical_min", "<f8"),
              ("physical_max", "<f8"), ("digital_min", "<f8"), ("digital_max", "<f8"), ("filter", "S68"),
              ("lowpass", "<f4"), ("highpass", "<f4"), ("notch", "<f4"), ("samples", "<i4"), ("stored", "<i4"),
              ("reserved", "S32"))  # fmt: skip


@dataclass(frozen=True)
class _Header:
    header_bytes: int
    n_records: int
    duration_s: float
    columns: dict[str, NDArray[np.generic]]

    @property
    def samples(self) -> list[int]:
        """(C,) samples in a record."""
        return [int(count) for count in self.columns["samples"]]

    @property
    def widths(self) -> list[int]:
        """(C,) bytes in a record."""
        sizes = [np.dtype(_STORED[int(kind)]).itemsize for kind in self.columns["stored"]]
        return [count * size for count, size in zip(self.samples, sizes, strict=True)]

    def text(self, column: str, index: int) -> str:
        """One text field."""
        return printable(bytes(self.columns[column][index]).decode("latin-1"))

    def unit(self, index: int) -> str:
        """The unit's text, or the text for its code."""
        value = self.columns["unit"][index]
        return self.text("unit", index) if value.dtype.kind == "S" else _unit_text(int(value))


def read_gdf(content: bytes, name: str) -> list[Signals]:
    """The channels of a GDF file, one stream per rate."""
    header = _read_header(content, name)
    rows, remarks = _records(content, header, name)
    fastest_hz = max(header.samples) / header.duration_s
    table = EventTable(np.zeros(0))
    if len(rows) == header.n_records:  # else the bytes after the samples are not a table
        table = read_events(content, header.header_bytes + rows.size, fastest_hz)
        remarks += table.remarks
    groups: dict[int, list[int]] = {}
    for index, samples in enumerate(header.samples):
        groups.setdefault(samples, []).append(index)
    streams = [_stream(rows, header, indices, table) for indices in groups.values()]
    return [
        replace(stream, name=f"{stream.rate_hz:g} Hz" if len(streams) > 1 else "", remarks=tuple(remarks))
        for stream in streams
    ]


def _stream(rows: NDArray[np.uint8], header: _Header, indices: list[int], table: EventTable) -> Signals:
    """The channels of one rate; a pause lies before the first sample at or after its time."""
    samples = header.samples[indices[0]]
    rate_hz = samples / header.duration_s
    n_samples = len(rows) * samples
    first = np.ceil(np.round(table.starts_s * rate_hz, 6)).astype(int)
    return Signals(
        rate_hz=rate_hz,
        labels=tuple(header.text("label", index) for index in indices),
        types=("",) * len(indices),
        units=tuple(header.unit(index) for index in indices),
        read=lambda start, stop: _physical(rows, header, indices, start, stop),
        times_s=regular_times_s(n_samples, rate_hz),
        events=table.events,
        pauses=tuple(int(position) for position in np.unique(first) if 0 < position < n_samples),
    )


def _records(content: bytes, header: _Header, name: str) -> tuple[NDArray[np.uint8], list[str]]:
    """The whole records (R, bytes in a record) in the file; an event table may follow them."""
    record_bytes = sum(header.widths)
    there = max(len(content) - header.header_bytes, 0) // record_bytes
    remarks = []
    n_records = header.n_records
    if n_records < 0:
        remarks.append(f"the header states no number of records, the file has {there}: all were read")
        n_records = there
    elif there < n_records:
        remarks.append(f"truncated: the header states {n_records} records, the file has {there} whole ones")
        n_records = there
    if n_records < 1:
        raise _error(name, f"holds no whole record of {record_bytes} bytes")
    rows = np.frombuffer(content, np.uint8, n_records * record_bytes, header.header_bytes)
    return rows.reshape(n_records, record_bytes), remarks


def _read_header(content: bytes, name: str) -> _Header:
    """The header's fields; RecordingError says which one is wrong."""
    if len(content) < 256:
        raise _error(name, f"ends inside its header ({len(content)} bytes)")
    is_first = content[4:5] == b"1"
    if is_first:
        header_bytes, n_channels = (
            int(np.frombuffer(content, kind, 1, at)[0]) for kind, at in (("<i8", 184), ("<u4", 252))
        )
    else:
        blocks, n_channels = (int(np.frombuffer(content, "<u2", 1, at)[0]) for at in (184, 252))
        header_bytes = 256 * blocks
    n_records = int(np.frombuffer(content, "<i8", 1, 236)[0])
    numerator, denominator = (int(number) for number in np.frombuffer(content, "<u4", 2, 244))
    if not 0 < 256 * (n_channels + 1) <= min(header_bytes, len(content)) or n_channels == 0:
        raise _error(
            name, f"states {n_channels} channels and a header of {header_bytes} bytes, has {len(content)} bytes"
        )
    if numerator == 0 or denominator == 0:
        raise _error(name, f"states records of {numerator}/{denominator} s, expected more than 0")
    columns = {}
    start = 256
    for column, kind in _COLUMNS_1 if is_first else _COLUMNS_2:
        columns[column] = np.frombuffer(content, kind, n_channels, start)
        start += n_channels * np.dtype(kind).itemsize
    _refuse_bad_columns(columns, name)
    return _Header(header_bytes, n_records, numerator / denominator, columns)


def _refuse_bad_columns(columns: dict[str, NDArray[np.generic]], name: str) -> None:
    """Raise unless every channel has a known type, samples and a range to scale by."""
    unknown = set(columns["stored"].tolist()) - set(_STORED)
    if unknown:
        raise _error(name, f"stores numbers of type {sorted(unknown)}, expected {sorted(_STORED)}")
    if (columns["samples"] < np.int32(1)).any():
        raise _error(name, "states a channel without samples, expected at least 1 in a record")
    limits = np.array([columns[key].astype(np.float64) for key in _LIMITS])
    if not np.isfinite(limits).all() or (limits[0] == limits[1]).any() or (limits[2] == limits[3]).any():
        raise _error(name, "states a channel whose minimum and maximum cannot scale it")


def _physical(
    rows: NDArray[np.uint8], header: _Header, indices: list[int], start: int, stop: int
) -> NDArray[np.float64]:
    """Samples (C, stop - start) of channels of one rate, from records (R, bytes in a record), in the header's units."""
    samples, widths = header.samples[indices[0]], header.widths
    begins = np.cumsum([0, *widths])
    first = start // samples
    rows = rows[first : -(-stop // samples)]
    physical = np.empty((len(indices), stop - start))
    for channel, index in zip(physical, indices, strict=True):
        raw = np.ascontiguousarray(rows[:, begins[index] : begins[index] + widths[index]])
        stored = raw.view(_STORED[int(header.columns["stored"][index])]).reshape(-1)[start - first * samples :]
        low, high, digital_low, digital_high = (float(header.columns[key][index]) for key in _LIMITS)
        scaled = (stored[: len(channel)].astype(np.float64) - digital_low) * (
            (high - low) / (digital_high - digital_low)
        )
        channel[:] = scaled + low
    return physical


def _unit_text(code: int) -> str:
    return "" if code in (0, 512) else _UNIT_OF_CODE.get(code, f"unit code {code}")


def _error(name: str, what: str) -> RecordingError:
    return RecordingError(f"{name} {what}", remedy="Get the file again, or export it again")
