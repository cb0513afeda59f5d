"""Find the columns of a text that hold the time, and convert their cells to seconds.

T timestamps.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from eegstream.files.rates import measured_rate_hz
from eegstream.files.tables import number_of

DAY_S, HOUR_S = 86400.0, 3600.0
UNITS_S = {"seconds": 1.0, "milliseconds": 1e-3, "microseconds": 1e-6, "nanoseconds": 1e-9}

_NAMES = frozenset(
    {"time", "times", "timestamp", "timestamps", "t", "seconds", "sec", "secs", "unixtime", "lsltime", "lsltimestamp"}
    | {"localtime", "datetime", "systime", "systemtime", "unixtimestamp", "timestep", "zeit", "zeitstempel", "uhrzeit"}
    | {"milliseconds", "millis", "ms", "microseconds", "micros", "stamp"}
)
_BESIDE = frozenset(
    {"unix", "lsl", "local", "system", "sys", "sample", "recording", "elapsed", "relative", "device", "host", "pc"}
    | {"utc", "gmt", "posix", "date", "original", "formatted", "since", "start", "from", "epoch", "computer", "clock"}
    | {"stamp", "of", "the", "day", "and", "absolute", "rel", "abs", "eeg", "muse", "iso"}
)
"""Words that may accompany a name of the time."""
_UNIT_WORDS = {
    **dict.fromkeys(("s", "sec", "secs", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "millis", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "usec", "micros", "microseconds"), 1e-6),
    **dict.fromkeys(("ns", "nsec", "nanos", "nanoseconds"), 1e-9),
}
_SLOWEST_HZ, _FASTEST_HZ = 20.0, 1e5
"""Range of plausible rates; at a lower rate, the numbers are milli-, micro- or nanoseconds instead of seconds."""
_SINCE_1970_S = (6e8, 5e9)
"""Seconds since 1970 between 1989 and 2128."""
_SINCE_1900_DAYS = (36526, 73050)
"""Days since 1900 between 2000 and 2100, as spreadsheets count."""

_DATE = (
    r"(?:(?P<y>\d{4})(?P<sep>[-/.]?)(?P<m>\d\d?)(?P=sep)(?P<d>\d\d?)"
    r"|(?P<a>\d\d?)[-/.](?P<b>\d\d?|[A-Za-z]{3})[-/.](?P<year>\d{4}|\d\d)"
    r"|(?P<days>\d+) days?)"
)
_CLOCK = r"(?P<h>\d\d?):(?P<min>\d\d)(?::(?P<s>\d\d)(?:[.,:](?P<f>\d+))?)?\s*(?P<half>[AaPp][Mm])?"
_ZONE = r"\s*(?:Z|UTC|GMT|(?P<zone>[+-]\d\d):?(?P<zmin>\d\d)?)?"
_TIMESTAMP = re.compile(rf"\s*(?:{_DATE}[T_,\s]+)?{_CLOCK}{_ZONE}(?:\s*\[.*\])?\s*")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MINUTES = re.compile(r"\s*(?P<min>\d\d?):(?P<s>\d\d)[.,](?P<f>\d+)\s*")
"""The form in which a spreadsheet writes a time of day."""


def time_unit_s(name: str) -> float | None:
    """Seconds in one unit of a time column of this name, 1 if it states no unit; None if it is not a time ("T7")."""
    name = re.sub(r":\s*[\d.]+\s*Hz$", "", name.strip(), flags=re.IGNORECASE)
    name = re.sub(r"\b1970(-\d+-\d+)?\b", "", name)
    if re.search(r"\d", name):
        return None
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).translate(str.maketrans("µμ", "uu"))
    words = re.findall(r"[a-z]+", spaced.lower())
    if words and words[-1] in _UNIT_WORDS and (_is_name(words[:-1]) or _is_name(words)):
        return _UNIT_WORDS[words[-1]]
    return 1.0 if _is_name(words) else None


def _is_name(words: Sequence[str]) -> bool:
    """Whether words name the time: one of them does, and the others may accompany it."""
    beside = [word for word in words if word not in _NAMES]
    return "".join(words) in _NAMES or (len(beside) < len(words) and all(word in _BESIDE for word in beside))


def is_timestamp(cell: str) -> bool:
    """Whether a cell holds a date with a time, or a time of day, as text."""
    return _TIMESTAMP.fullmatch(cell) is not None or _MINUTES.fullmatch(cell) is not None


def timestamp_parser(sample: Sequence[str]) -> Callable[[Sequence[str]], NDArray[np.float64]] | None:
    """The parser from timestamps as text to seconds, chosen by some cells; None if most are not timestamps."""
    filled = [cell for cell in sample if cell.strip()]
    if not filled or sum(map(is_timestamp, filled)) * 2 <= len(filled):
        return None
    seconds = [found["b"] for found in map(_TIMESTAMP.fullmatch, filled) if found and found["b"]]
    month_first = any(second.isdigit() and int(second) > 12 for second in seconds)
    days: dict[tuple[str, ...], float] = {}
    return lambda cells: np.array([_timestamp_s(cell, month_first, days) for cell in cells])


def _timestamp_s(cell: str, month_first: bool, days: dict[tuple[str, ...], float]) -> float:
    """Seconds since midnight or since 1970; NaN if the cell holds no timestamp."""
    found = _TIMESTAMP.fullmatch(cell)
    if found is None:
        short = _MINUTES.fullmatch(cell)
        if short is None:
            number = number_of(cell)
            return np.nan if number is None else number
        return 60.0 * int(short["min"]) + int(short["s"]) + float(f"0.{short['f']}")
    hours = int(found["h"])
    if found["half"]:
        hours = hours % 12 + 12 * (found["half"].lower() == "pm")
    clock_s = hours * HOUR_S + 60.0 * int(found["min"]) + int(found["s"] or 0) + float(f"0.{found['f'] or 0}")
    if found["zone"]:
        sign = -1.0 if found["zone"][0] == "-" else 1.0
        clock_s -= int(found["zone"]) * HOUR_S + sign * 60.0 * int(found["zmin"] or 0)
    parts = tuple(found[part] or "" for part in ("y", "m", "d", "a", "b", "year", "days"))
    if parts not in days:
        days[parts] = _day_s(parts, month_first)
    return days[parts] + clock_s


def _day_s(parts: tuple[str, ...], month_first: bool) -> float:
    """Seconds from 1970 to a date; 0 if there is no date, NaN if the date does not exist."""
    year, month, day, first, second, last, since = parts
    if first:
        year, month, day = (last, first, second) if month_first else (last, second, first)
    if not year:
        return int(since or 0) * DAY_S
    if month.lower() in _MONTHS:
        month = str(_MONTHS.index(month.lower()) + 1)
    try:
        return (date(int(year), int(month), int(day)) - date(1970, 1, 1)).days * DAY_S
    except ValueError:
        return np.nan


def unwrapped_s(times_s: NDArray[np.float64], sample: Sequence[str]) -> NDArray[np.float64]:
    """Timestamps (T,) without dates, in the form of `sample`, continued after midnight (or after the full hour)."""
    filled = [cell for cell in sample if is_timestamp(cell)]
    if not filled or any(re.search(r"\d{4}|\d[-/.]\w|day", cell.partition(":")[0]) for cell in filled):
        return times_s
    around_s = HOUR_S if all(_TIMESTAMP.fullmatch(cell) is None for cell in filled) else DAY_S
    finite = np.isfinite(times_s)
    steps_s = np.diff(times_s[finite])
    turns = np.concatenate([[0.0], np.cumsum(steps_s < -around_s / 2)]) if steps_s.size else np.zeros(finite.sum())
    result = times_s.copy()
    result[finite] += turns * around_s
    return result


def counts_up(timestamps: NDArray[np.float64]) -> bool:
    """Whether timestamps (T,) are only the numbers of the samples."""
    return len(timestamps) > 2 and bool(np.all(np.diff(timestamps) == 1)) and 0 <= timestamps[0] <= 1


def unit_of_timestamps(timestamps: NDArray[np.float64], named_s: float, rate_hz: float | None) -> tuple[float, str]:
    """Seconds in one unit of numeric timestamps (T,), and a remark if their name does not state the unit.

    For times since 1970 the size shows the unit. Else a known rate shows it. Else it is the unit that makes more than
    20 Hz.
    """
    first = float(timestamps[np.isfinite(timestamps)][0])
    measured_hz = measured_rate_hz(timestamps - first)
    low, high = _SINCE_1970_S
    for word, unit_s in UNITS_S.items():
        if low <= first * unit_s <= high and (unit_s != 1.0 or named_s == 1.0):
            said = unit_s == named_s
            return unit_s, "" if said else f"the time column was read as {word}: its numbers are {word} since 1970"
    if measured_hz is None or named_s != 1.0:
        return named_s, ""
    if _SINCE_1900_DAYS[0] <= first <= _SINCE_1900_DAYS[1] and measured_hz > _FASTEST_HZ:
        return DAY_S, "the time column was read as days since 1900, as spreadsheets count"
    if rate_hz is not None:
        near = {word: abs(np.log(measured_hz / unit_s / rate_hz)) for word, unit_s in UNITS_S.items()}
        word = min(near, key=lambda each: near[each])
        if near[word] < np.log(3):
            return UNITS_S[word], "" if word == "seconds" else f"the time column was read as {word}: its rate shows it"
    for word, unit_s in list(UNITS_S.items())[1:]:
        if measured_hz < _SLOWEST_HZ <= measured_hz / unit_s <= _FASTEST_HZ:
            return unit_s, f"the time column was read as {word}: as seconds it would show {measured_hz:.3g} Hz"
    return 1.0, ""
