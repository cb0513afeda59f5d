"""Turn delimited text into rows of numbers, and report what did not fit.

R rows, K columns.
"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from eegstream.errors import RecordingError

MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "-nan", "null", "none", "-"})
COMMENT_MARKS = ("#", "%", '"#', '"%', "//")
_BLOCK_ROWS = 20_000
_SWALLOWED_LINES = 50
"""A quotation mark over more lines than this was never closed; a note with line breaks takes fewer."""

Parser = Callable[[Sequence[str]], NDArray[np.float64]]

_QUICK: tuple[Callable[[str], float], ...] = (
    float,
    lambda cell: float(cell or "nan"),
    lambda cell: float(cell.replace(",", ".") or "nan"),
)
"""Ways to read a cell, the fastest first; the last one accepts a decimal comma."""


@dataclass(frozen=True)
class Table:
    """Numbers (R, K) of a text; NaN where a cell holds no number."""

    numbers: NDArray[np.float64]
    texts: tuple[int, ...]
    """Columns that hold words, not numbers."""
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Grid:
    """How the lines of a text are cut into columns."""

    delimiter: str
    header: tuple[str, ...]
    """(K,) names."""
    parsers: Mapping[int, Parser] = field(default_factory=dict)
    """By column: the parser for cells that are not plain numbers, such as dates."""
    times: frozenset[int] = frozenset()
    """Columns that may hold the time; a row with only a time and words is an event."""
    least: int | None = None
    """Number of cells from which on a row is complete without its last columns; None if every row needs all cells."""
    decimal_comma: bool = True
    """Whether a comma is the decimal mark: "1,234" is 1.234."""


@dataclass
class _Reading:
    """State of reading a text."""

    blocks: list[NDArray[np.float64]] = field(default_factory=list)
    words: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    """(K,) number of cells that hold words."""
    suspects: dict[int, set[int]] = field(default_factory=dict)
    """For rows without a number: the columns that hold words."""
    events: int = 0
    """Lines already dropped: they have neither the cells of a sample nor numbers."""
    ragged: int = 0
    ragged_cells: int = 0
    unfinished: bool = False


def cells_of(line: str, delimiter: str) -> list[str]:
    """The cells of one line; quoted ones may hold the delimiter."""
    try:
        return [
            cell.strip() for cell in next(csv.reader([line.strip(" ")], delimiter=delimiter, skipinitialspace=True))
        ]
    except (csv.Error, StopIteration):
        return []


def read_table(lines: Sequence[str], grid: Grid, name: str) -> Table:
    """The numbers of `lines`, one sample per line.

    Rows without a sample (events, comments, repeated headers) are dropped. A line with another number of cells is kept
    but its cells cannot be assigned: all become NaN, except a time in the first column. An unfinished last line is
    dropped.
    """
    reading = _Reading(words=np.zeros(len(grid.header), np.int64))
    n_rows = 0
    for rows, is_last in _blocks(lines, grid.delimiter, name):
        whole = _whole_rows(rows, grid, reading, is_last)
        if whole:
            reading.blocks.append(_block(whole, grid, reading, n_rows))
            n_rows += len(whole)
    if reading.ragged * 2 > n_rows:
        raise RecordingError(
            f"{name} has {reading.ragged_cells} cells in most lines, its header has {len(grid.header)}",
            remedy="Export it with one separator that is not the decimal mark too, such as a semicolon",
        )
    numbers = np.concatenate(reading.blocks) if reading.blocks else np.empty((0, len(grid.header)))
    usual = set(np.flatnonzero(reading.words * 2 > len(numbers)))
    dropped = [row for row, columns in reading.suspects.items() if not columns <= usual]
    if dropped:
        numbers = np.delete(numbers, dropped, axis=0)
    only = np.flatnonzero((reading.words > 0) & ~np.isfinite(numbers).any(axis=0))
    texts = tuple(sorted({int(column) for column in (*usual, *only)}))
    return Table(numbers, texts, tuple(_remarks(reading, len(dropped))))


def _remarks(reading: _Reading, dropped: int) -> list[str]:
    remarks = []
    if dropped + reading.events:
        count = dropped + reading.events
        remarks.append(f"{count} lines that hold no sample (events, comments, repeated headers) were dropped")
    if reading.unfinished:
        remarks.append("the last line is unfinished and was dropped")
    if reading.ragged:
        remarks.append(f"{reading.ragged} lines have too few or too many cells, their samples count as missing")
    return remarks


def _blocks(lines: Sequence[str], delimiter: str, name: str) -> Iterator[tuple[list[list[str]], bool]]:
    """Blocks of rows that are not blank, each with whether it is the last block."""
    reader = csv.reader(
        (line.strip(" ") for line in lines if line.strip(" ,;\t")), delimiter=delimiter, skipinitialspace=True
    )
    n_rows = 0
    try:
        rows = list(islice(reader, _BLOCK_ROWS))
        while rows:
            n_rows += len(rows)
            following = list(islice(reader, _BLOCK_ROWS))
            if reader.line_num - n_rows - len(following) > _SWALLOWED_LINES:
                break
            yield rows, not following
            rows = following
        else:
            return
    except csv.Error:
        pass
    raise RecordingError(f"{name} has a quotation mark that is never closed", remedy="Correct or remove that mark")


def _whole_rows(rows: list[list[str]], grid: Grid, reading: _Reading, is_last: bool) -> list[list[str]]:
    """Rows of K cells each; rows of another length are dropped, filled or counted as damaged."""
    n_columns = len(grid.header)
    if all(len(row) == n_columns for row in rows):
        return rows
    whole = []
    for number, row in enumerate(rows):
        if len(row) > n_columns and not any(cell.strip() for cell in row[n_columns:]):
            whole.append(row[:n_columns])
        elif len(row) == n_columns:
            whole.append(row)
        elif grid.least is not None and grid.least <= len(row) < n_columns:
            whole.append(row + [""] * (n_columns - len(row)))
        elif _is_event(row, grid):
            reading.events += 1
        elif is_last and number == len(rows) - 1 and len(row) < n_columns:
            reading.unfinished = True
        else:
            reading.ragged += 1
            reading.ragged_cells = reading.ragged_cells or len(row)
            whole.append((row[:1] if 0 in grid.times else [""]) + [""] * (n_columns - 1))
    return whole


def _is_event(row: list[str], grid: Grid) -> bool:
    """Whether a row of unusual length has words and no number except a time: an event or a comment."""
    others = [cell for column, cell in enumerate(row) if column not in grid.times]
    is_comment = row[0].lstrip().startswith(COMMENT_MARKS)
    if any(is_number(cell) for cell in others) and not is_comment:
        return False
    return is_comment or any(cell.strip().lower() not in MISSING for cell in others)


def _block(rows: list[list[str]], grid: Grid, reading: _Reading, first: int) -> NDArray[np.float64]:
    """Numbers (rows, K) of a block; rows are counted from `first` in the suspects."""
    numbers = np.empty((len(rows), len(grid.header)))
    columns = list(zip(*rows, strict=True))
    for column, cells in enumerate(columns):
        if column in grid.parsers:
            numbers[:, column] = grid.parsers[column](cells)
        else:
            numbers[:, column], words = _column(cells, grid.decimal_comma)
            reading.words[column] += words
    others = [column for column in range(len(grid.header)) if column not in grid.times and column not in grid.parsers]
    for row in np.flatnonzero(np.isnan(numbers[:, others]).all(axis=1)):
        words_at = {column for column in others if rows[row][column].strip().lower() not in MISSING}
        if words_at:
            reading.suspects[first + int(row)] = words_at
    return numbers


def _column(cells: Sequence[str], decimal_comma: bool) -> tuple[NDArray[np.float64], int]:
    """One column's numbers, and how many of its cells hold words, read in the fastest way that works."""
    for read in _QUICK if decimal_comma else _QUICK[:2]:
        try:
            return np.fromiter(map(read, cells), np.float64, len(cells)), 0
        except ValueError:
            continue
    numbers = np.full(len(cells), np.nan)
    words = 0
    for row, cell in enumerate(cells):
        value = number_of(cell, decimal_comma)
        if value is None:
            words += cell.strip().lower() not in MISSING
        else:
            numbers[row] = value
    return numbers, words


def number_of(cell: str, decimal_comma: bool = True) -> float | None:
    """The number in a cell, with a decimal point or comma; None if it holds no number."""
    text = cell.strip().replace("\u2212", "-")
    comma, point = text.rfind(","), text.rfind(".")
    if 0 <= comma < point or (comma >= 0 > point and not decimal_comma):
        text = text.replace(",", "")
    elif comma >= 0:
        text = text.replace(".", "").replace(",", ".")
    try:
        return float(text)
    except ValueError:
        return None


def is_number(cell: str) -> bool:
    """Whether a cell can be read as a number; an empty cell cannot."""
    return cell.strip().lower() not in MISSING and number_of(cell) is not None
