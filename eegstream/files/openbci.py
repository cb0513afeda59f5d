"""OpenBCI's tables: name columns without names, recognise files of its SD card, count samples lost on the radio.

K columns, R rows.
"""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from eegstream.errors import RecordingError
from eegstream.files.tables import is_number, number_of
from eegstream.files.text_lines import Text
from eegstream.files.text_times import is_timestamp

_CHANNELS = re.compile(r"number of channels\s*=\s*(\d+)", re.IGNORECASE)
_BOARD_CHANNELS = (4, 8, 16)
_COUNTS_UP_TO = 256
"""Sample Index is one byte on the Cyton's radio; the Ganglion counts to 200."""
_HEX_SAMPLE = re.compile(r"[0-9A-F]{6}", re.IGNORECASE)


def is_openbci(about: Sequence[str]) -> bool:
    """Whether the lines above a table say that it comes from OpenBCI."""
    return any(re.match(r"OpenBCI|OBCI", line) for line in about)


def names_of_columns(text: Text, name: str) -> tuple[list[str], int]:
    """Names (K,) for an OpenBCI table without names, and the smallest number of cells in a row.

    The counter comes first, then the EEG; the last columns are a time in milliseconds or seconds, or as text.
    """
    widths = Counter(map(len, text.probe))
    n_columns = max(width for width, count in widths.items() if count * 50 > len(text.probe))
    rows = [row for row in text.probe if len(row) == n_columns]
    times = [_name_of_time([row[column] for row in rows]) for column in range(n_columns)]
    n_behind = n_columns - max((column for column in range(n_columns) if not times[column]), default=0) - 1
    stated = [int(found[1]) for found in map(_CHANNELS.search, text.about) if found]
    fitting = [n for n in _BOARD_CHANNELS if n_columns - 1 - n - n_behind in (0, 3)]
    n_eeg = stated[0] if stated else (fitting[0] if fitting else 0)
    if not 0 < n_eeg < n_columns:
        raise RecordingError(
            f"{name} is an OpenBCI text file without a line of column names, and its {n_columns} columns fit no board",
            remedy="Put a header line on top of the samples, such as: Sample Index,EXG Channel 0,...,Timestamp",
        )
    names = ["Sample Index", *(f"EXG Channel {number}" for number in range(n_eeg))]
    names += [f"Accel Channel {number}" for number in range(min(3, n_columns - len(names)))]
    names += ["Other"] * (n_columns - len(names))
    behind = range(max(n_eeg + 1, n_columns - 3), n_columns)
    names = [times[column] or each if column in behind else each for column, each in enumerate(names)]
    return names, n_eeg + 1


def _name_of_time(cells: Sequence[str]) -> str:
    """Name of a column that holds times as text, or seconds or milliseconds since 1970; "" for any other column.

    The first row may hold zeros.
    """
    if sum(map(is_timestamp, cells)) * 2 > len(cells):
        return "Timestamp (Formatted)"
    numbers = [number_of(cell) or 0.0 for cell in cells]
    return "Timestamp" if sum(1e9 < each < 5e9 or 1e12 < each < 5e12 for each in numbers) * 2 > len(numbers) else ""


def refuse_hexadecimal(text: Text, name: str) -> None:
    """Raise if this is an unconverted file of the board's SD card, which holds hexadecimal counts."""
    rows = [row for row in (text.header, *text.probe) if len(row) >= 9]
    samples = [row for row in rows if len(row[0]) == 2 and all(map(_HEX_SAMPLE.fullmatch, row[1:9]))]
    if len(samples) * 2 > len(text.probe):
        raise RecordingError(
            f"{name} is a file of OpenBCI's SD card, with hexadecimal counts of an unknown gain",
            remedy="Convert it with the OpenBCI GUI (SD card playback), and give the file that the GUI writes",
        )


def refuse_sd_card(text: Text, name: str) -> None:
    """Raise if a table without names is a file of the board's SD card: a counter of one byte, then 8 or 16 samples.

    It holds motion in some rows only.
    """
    rows = [row for row in text.probe if len(row) in (9, 12, 17, 20)]
    widths = {len(row) for row in rows}
    counter = [number_of(row[0]) for row in rows]
    steps = [(b - a) % _COUNTS_UP_TO for a, b in pairwise(counter) if a is not None and b is not None]
    counts = bool(steps) and sum(step == 1 for step in steps) * 10 > len(steps) * 9
    if len(rows) * 10 > len(text.probe) * 9 and counts and widths in ({9}, {17}, {9, 12}, {17, 20}):
        raise RecordingError(
            f"{name} has no header line; it looks like a file of OpenBCI's SD card",
            remedy="Convert the card's file with the OpenBCI GUI (SD card playback), and give the file that it writes",
        )


def first_samples(numbers: NDArray[np.float64], timestamps: int | None) -> int:
    """1 if the first row (K,) of a table (R, K) holds only zeros, as early versions 5 of the GUI write; else 0."""
    if len(numbers) < 2 or timestamps is None:
        return 0
    return int(not np.nan_to_num(numbers[0]).any() and bool(np.nan_to_num(numbers[1, timestamps])))


def lost_samples(counter: NDArray[np.float64]) -> int:
    """Number of samples that a counter (R,) jumps over; a Daisy's rows may count by two."""
    counter = counter[np.isfinite(counter)]
    if len(counter) < 3:
        return 0
    steps = np.diff(counter)
    if counter.max() < _COUNTS_UP_TO:
        around = _COUNTS_UP_TO if counter.max() > 200 else counter.max() + 1
        steps = steps % around
    usual = max(1.0, float(np.median(steps)))
    jumps = steps[steps > usual]
    return int(np.sum(np.round(jumps / usual) - 1))


def refusal_of_numbers(text: Text, name: str) -> RecordingError:
    """The error for a table without names: its EEG columns are unknown."""
    refuse_sd_card(text, name)
    first = text.probe[0] if text.probe else ()
    if len(text.probe) < text.n_columns and first and not is_number(first[0]) and text.n_columns > 50:
        return RecordingError(
            f"{name} has one line per channel, expected one line per sample with the channels' names on top",
            remedy="Export it with samples in rows (in EEGLAB: with 'transpose' switched on)",
        )
    if text.n_columns < 2 and not (first and is_number(first[0])):
        return RecordingError(
            f"{name} is not a recording in a known format (text without columns)",
            remedy="Give a CSV file with a header line of channel names",
        )
    numbered = [number_of(cell) for cell in first if cell] in (list(range(text.n_columns)), list(range(len(first) - 1)))
    where = "Put a header line in place of the first" if numbered else "Put a header line on top"
    marks = {"\t": "tabs", ";": "semicolons", " ": "blanks"}.get(text.delimiter, "commas")
    if text.n_columns > 10 or (text.delimiter == "\t" and text.n_columns > 4):
        return RecordingError(
            f"{name} begins with numbers, expected a header line with the channels' names (BrainFlow writes such rows)",
            remedy=f"{where}, {text.n_columns} names separated by {marks} as the rows are, such as: "
            "Sample Index, then the electrodes (Fp1, Fp2, ...), other columns as Unused 1, ..., Timestamp, Marker",
        )
    return RecordingError(
        f"{name} begins with numbers, expected a header line with the channels' names",
        remedy="Put a header line on top, such as: time,TP9,AF7,AF8,TP10",
    )
