"""Read EEG from CSV: a header line with channel names, one line a sample.

C channels, T samples.
"""

import re

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.channels import EEG, channel_type, printable, unit_scale
from eegstream.errors import RecordingError
from eegstream.files.rates import measured_rate_hz, snapped_rate_hz, stamp_remarks
from eegstream.files.signals import Signals, regular_times_s
from eegstream.files.tables import Table, decoded, delimiter_of, is_number, read_table

_TIME_NAMES = frozenset(
    {"time", "times", "timestamp", "timestamps", "t", "seconds", "sec", "secs", "unixtime", "lsltime", "lsltimestamp"}
)
_TIME_UNITS = {"": 1.0, "s": 1.0, "sec": 1.0, "seconds": 1.0, "ms": 1e-3, "millis": 1e-3, "us": 1e-6, "ns": 1e-9}
_SLOWEST_HZ = 20.0
"""Seconds that make fewer samples a second than this are no seconds but milli-, micro- or nanoseconds."""
_UNIT_IN_NAME = re.compile(r"(.*?)\s*[\[(]([^\])]*[A-Za-z][^\])]*)[\])]\s*")


def read_delimited(content: bytes, name: str, rate_hz: float | None = None) -> list[Signals]:
    """The channels of a CSV file; `rate_hz` is needed where no column holds the time."""
    lines = decoded(content, name).splitlines()
    start = next((number for number, line in enumerate(lines) if line.strip() and not line.startswith("#")), None)
    if start is None:
        raise RecordingError(
            f"{name} holds no line of text, expected a header and samples", remedy="Get the file again"
        )
    delimiter = delimiter_of(lines[start])
    header = [printable(cell.replace('"', "")) for cell in lines[start].split(delimiter)]
    _refuse_bad_header(header, name)
    time_column = next((column for column, cell in enumerate(header) if _time_unit(cell) is not None), None)
    if time_column is None and rate_hz is None:
        raise RecordingError(
            f"{name} has no time column (timestamps, time, t) among {', '.join(header[:8])}: its rate is unknown",
            remedy="If this is EEG, give the rate with --rate",
        )
    body = [line.replace('"', "") for line in lines[start + 1 :]]
    table = read_table(body, delimiter, len(header), name, time_column)
    if len(table.numbers) < 2:
        raise RecordingError(
            f"{name} has {len(table.numbers)} lines of samples below its header, expected a recording",
            remedy="Give a longer recording",
        )
    return [_signals(header, table, time_column, rate_hz, name)]


def _refuse_bad_header(header: list[str], name: str) -> None:
    """Raise unless the first line holds the names of at least one column."""
    if sum(map(is_number, header)) * 2 > len(header) and all(_time_unit(cell) is None for cell in header):
        raise RecordingError(
            f"{name} begins with numbers, expected a header line with the channels' names",
            remedy="Put a header line on top, such as: time,TP9,AF7,AF8,TP10",
        )
    if len(header) == 1 and (_time_unit(header[0]) is not None or len(header[0]) > 20):
        raise RecordingError(
            f"{name} is no recording of a known format (text without columns)",
            remedy="Give a CSV file with a header line of channel names",
        )


def _signals(header: list[str], table: Table, time_column: int | None, rate_hz: float | None, name: str) -> Signals:
    remarks = list(table.remarks)
    times_s = None
    if time_column is not None:
        times_s, more = _seconds(table.numbers[:, time_column], _time_unit(header[time_column]) or 1.0, name)
        remarks += more
    channels = [column for column in range(len(header)) if column != time_column and column not in table.texts]
    words = [header[column] for column in table.texts if channel_type(header[column]) == EEG]
    if words:
        remarks.append(f"columns that hold words were left out: {', '.join(words[:8])}")
    names_units = [_name_and_unit(header[column]) for column in channels]
    types = [
        _column_type(label, table.numbers[:, column]) for (label, _), column in zip(names_units, channels, strict=True)
    ]
    rate = rate_hz if rate_hz is not None else _rate_of(times_s, name)
    if times_s is not None:
        remarks += stamp_remarks(times_s, rate)
    return Signals(
        rate_hz=rate,
        labels=tuple(label for label, _ in names_units),
        types=tuple(types),
        units=tuple(unit for _, unit in names_units),
        read=lambda index: table.numbers[:, channels[index]],
        times_s=regular_times_s(len(table.numbers), rate) if times_s is None else times_s,
        remarks=tuple(remarks),
    )


def _time_unit(cell: str) -> float | None:
    """Seconds in one unit of a time column; None if the header cell names none ("T7" is an electrode)."""
    if re.search(r"\d", cell):
        return None
    words = re.findall(r"[a-zµ]+", cell.lower())
    for size in range(len(words), 0, -1):
        unit = _TIME_UNITS.get("".join(words[size:]).replace("µ", "u"))
        if "".join(words[:size]) in _TIME_NAMES and unit is not None:
            return unit
    return None


def _seconds(stamps: NDArray[np.float64], unit_s: float, name: str) -> tuple[NDArray[np.float64], list[str]]:
    """Stamps (T,) in seconds, never sorted, and what is odd about them."""
    remarks = []
    measured_hz = measured_rate_hz((stamps - stamps[np.isfinite(stamps)][:1].sum()) * unit_s)
    if measured_hz is None:
        raise RecordingError(f"{name} has a time column that does not run forward", remedy="Correct its time stamps")
    for factor, unit in ((1e-3, "milliseconds"), (1e-6, "microseconds"), (1e-9, "nanoseconds")):
        if unit_s == 1.0 and measured_hz < _SLOWEST_HZ <= measured_hz / factor <= 1e5:
            remarks.append(f"the time column was read as {unit}: as seconds it would make {measured_hz:.3g} Hz")
            unit_s = factor
            break
    times_s = (stamps - stamps[np.isfinite(stamps)][0]) * unit_s
    return times_s, remarks


def _rate_of(times_s: NDArray[np.float64] | None, name: str) -> float:
    """The common rate that the stamps (T,) show."""
    measured_hz = None if times_s is None else measured_rate_hz(times_s)
    if measured_hz is None:
        raise RecordingError(f"{name} has no usable time stamps", remedy="Give the rate with --rate")
    return snapped_rate_hz(measured_hz)


def _name_and_unit(cell: str) -> tuple[str, str]:
    """Label and unit of a header cell such as "Fp1 (uV)"; the unit is "" unless it is a known one."""
    match = _UNIT_IN_NAME.fullmatch(cell)
    if match and unit_scale(match[2]) is not None:
        return match[1], match[2]
    return cell, ""


def _column_type(label: str, numbers: NDArray[np.float64]) -> str:
    """The type by the label; a column without a name that only counts is no EEG."""
    if label in ("", "index", "Unnamed: 0") and np.all(np.diff(numbers) == 1):
        return "COUNTER"
    return channel_type(label) if _time_unit(label) is None else "TIME"
