"""Turn delimited text into rows of numbers, and tell what did not fit.

R rows, K columns.
"""

import codecs
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegstream.errors import RecordingError

_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "-nan", "null", "none", "-"})


@dataclass(frozen=True)
class Table:
    """Numbers (R, K) of a text; NaN where a cell holds none."""

    numbers: NDArray[np.float64]
    texts: tuple[int, ...]
    """Columns that hold words, not numbers."""
    remarks: tuple[str, ...]


def decoded(content: bytes, name: str) -> str:
    """The text of UTF-8, UTF-16 (with its mark) or else Latin-1 bytes; RecordingError if this is no text."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, errors="replace")
    if b"\0" in content[:65536]:
        raise RecordingError(
            f"{name} is no recording of a known format (binary bytes of none of them)",
            remedy="Give EDF, BDF, GDF, BrainVision (.vhdr), FIF, EEGLAB, XDF, OpenBCI text or CSV",
        )
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def delimiter_of(line: str) -> str:
    """Tab, semicolon or comma: the first of them that the line holds."""
    return next((mark for mark in "\t;," if mark in line), ",")


def read_table(lines: Sequence[str], delimiter: str, n_columns: int, name: str, time_column: int | None) -> Table:
    """The numbers of `lines`, each of `n_columns` cells.

    A line of another length is kept, but which of its cells is which cannot be known: all become NaN, except a
    time in the first column. An unfinished last line is dropped.
    """
    rows = [line.split(delimiter) for line in lines if line.strip()]
    remarks = []
    if rows and len(rows[-1]) < n_columns:
        rows.pop()
        remarks.append("the last line is unfinished and was dropped")
    ragged = [number for number, row in enumerate(rows) if len(row) != n_columns]
    if len(ragged) * 2 > len(rows):
        raise RecordingError(
            f"{name} has {len(rows[ragged[0]])} cells in most lines, its header has {n_columns}",
            remedy="Export it with one separator that is not the decimal mark too, such as a semicolon",
        )
    for number in ragged:
        keep = rows[number][:1] if time_column == 0 else [""]
        rows[number] = keep + [""] * (n_columns - 1)
    if ragged:
        remarks.append(f"{len(ragged)} lines have too few or too many cells, their samples count as missing")
    cells = np.array(rows, dtype=object).reshape(len(rows), n_columns)
    numbers = np.empty(cells.shape)
    texts = []
    for column in range(n_columns):
        numbers[:, column], is_text = _column(cells[:, column], decimal_comma=delimiter != ",")
        if is_text:
            texts.append(column)
    return Table(numbers, tuple(texts), tuple(remarks))


def _column(cells: NDArray[np.object_], decimal_comma: bool) -> tuple[NDArray[np.float64], bool]:
    """One column's numbers (R,), and whether most of what it holds are words."""
    if decimal_comma and not any("." in cell for cell in cells):
        cells = np.array([cell.replace(",", ".") for cell in cells], dtype=object)
    try:
        return cells.astype(np.float64), False
    except ValueError:
        pass
    numbers = np.full(len(cells), np.nan)
    words = 0
    for row, cell in enumerate(cells):
        try:
            numbers[row] = float(cell)
        except ValueError:
            words += cell.strip().lower() not in _MISSING
    return numbers, words * 2 > len(cells)


def is_number(cell: str) -> bool:
    """Whether a cell reads as a number, with a point or a decimal comma."""
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True
