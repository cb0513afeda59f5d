"""Find the start, the separator and the column names of the table in a text.

K columns.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from eegstream.dsp.montage import printable
from eegstream.dsp.units import unit_scale
from eegstream.files.tables import COMMENT_MARKS, MISSING, cells_of, is_number, number_of
from eegstream.files.text_times import is_timestamp, time_unit_s

_PROBE_LINES = 300
_DATE_BEFORE_TIME = re.compile(r"(\d{4}[-/.]\d\d?[-/.]\d\d?|\d\d?[-/.]\d\d?[-/.]\d{4})[ \t]+(?=\d\d?:\d\d)")
_FACT = re.compile(r"[^\W\d][^:]*:.*")
_PLAIN_UNITS = frozenset(
    {"s", "sec", "ms", "us", "hz", "g", "mg", "%", "deg/s", "dps", "c", "°c", "-", "a.u.", "au", "n/a"}
)


@dataclass(frozen=True)
class Text:
    """A text split into the lines above the table, its header and its lines."""

    about: tuple[str, ...]
    """Lines above the header; comments without their mark."""
    header: tuple[str, ...]
    """(K,) names as in the file; () if the table has no header."""
    units: tuple[str, ...]
    """(K,) units from a line below the header; () if there is none."""
    delimiter: str
    n_columns: int
    """Cells of most lines."""
    lines: tuple[str, ...]
    """Lines of the table, without the header."""
    probe: tuple[tuple[str, ...], ...]
    """Cells of some of its first lines."""
    decimal_comma: bool


def read_text(text: str) -> Text:
    """Split `text`; the header is the first line with as many words as the table has columns."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    filled = [line for line in lines if line.strip() and not line.lstrip().startswith(COMMENT_MARKS)][:_PROBE_LINES]
    delimiter, n_columns = _delimiter(filled)
    if delimiter == " ":
        lines = [_DATE_BEFORE_TIME.sub(r"\1T", line) for line in lines]
    if delimiter == ", ":
        lines, delimiter = [line.replace(", ", ";") for line in lines], ";"
    start, about, header = _header(lines, delimiter, n_columns)
    body = [line for line in lines[start : start + 2 * _PROBE_LINES] if line.strip()]
    probe = [cells_of(line, delimiter) for line in body[:_PROBE_LINES]]
    units: tuple[str, ...] = ()
    if header and probe and _is_units(probe[0]):
        units = tuple(probe[0] + [""] * (len(header) - len(probe[0])))[: len(header)]
        start = lines.index(body[0], start) + 1
        probe = probe[1:]
    if header and n_columns == len(header) + 1 and _counts([row[0] for row in probe if len(row) == n_columns]):
        header = ["", *header]
    return Text(
        about=tuple(about),
        header=tuple(map(printable, header)),
        units=units,
        delimiter=delimiter,
        n_columns=n_columns,
        lines=tuple(lines[start:]),
        probe=tuple(map(tuple, probe)),
        decimal_comma=delimiter != "," or not _has_points(probe),
    )


def _delimiter(lines: Sequence[str]) -> tuple[str, int]:
    """The separator that makes most cells numbers, and the usual number of cells; blanks are the last choice."""
    probe = lines[len(lines) // 4 :] or lines
    best, found = 0.0, (next((mark for mark in "\t;,|" if lines and mark in lines[-1]), ","), 1)
    for mark in ("\t", ";", ", ", ",", "|", " "):
        if mark == ", " and not _has_decimal_commas(probe):
            continue
        split = "\0" if mark == ", " else mark
        rows = [cells_of(_DATE_BEFORE_TIME.sub(r"\1T", line.replace(mark, split)), split) for line in probe]
        widths = Counter(map(len, rows))
        if not widths:
            continue
        width, count = widths.most_common(1)[0]
        cells = [cell for row in rows if len(row) == width for cell in row if cell.lower() not in MISSING]
        share = sum(is_number(cell) or is_timestamp(cell) for cell in cells) / max(len(cells), 1) * count / len(rows)
        if width > 1 and share > best + 0.01 and share > (0.5 if mark == " " else 0.0):
            best, found = share, (mark, width)
    return found


def _has_decimal_commas(lines: Sequence[str]) -> bool:
    """Whether cells are separated by comma and blank, and numbers have decimal commas."""
    rows = [line.rstrip().rstrip(",").split(", ") for line in lines]
    cells = [cell.strip() for row in rows for cell in row]
    decimal = sum(re.fullmatch(r"-?\d+,\d+", cell) is not None for cell in cells)
    return decimal * 2 > len(cells) and all(cell.count(",") <= 1 for cell in cells)


def _header(lines: Sequence[str], delimiter: str, n_columns: int) -> tuple[int, list[str], list[str]]:
    """The number of the table's first line, the lines above its header, and the header's cells ([] for none).

    A commented line of names is the header only if there is no other.
    """
    about: list[str] = []
    short: list[str] = []
    commented: list[str] = []
    rival: list[str] = []
    for number, line in enumerate(lines[: 2 * _PROBE_LINES]):
        if not line.strip():
            continue
        is_comment = line.lstrip().startswith(COMMENT_MARKS)
        plain = line.strip().strip('"').lstrip("#%/ ") if is_comment else line
        cells = cells_of(plain, delimiter)
        named = _is_header(cells, n_columns)
        if named and not is_comment and len(_without_last(cells, n_columns)) == n_columns:
            return number + 1, about, _without_last(cells, n_columns)
        if not is_comment and _is_data(cells, n_columns):
            return number, about, short or commented or rival
        about.append(plain.strip())
        short = cells if named and not is_comment else short
        commented = _without_last(cells, n_columns) if named and is_comment else commented
        rival = [] if is_comment or len(cells) < 2 or _is_facts(cells) else cells
    return len(lines), about, short or commented or rival


def _without_last(cells: list[str], n_columns: int) -> list[str]:
    """Names of the columns; all lines, or only the header, may end with a separator."""
    while len(cells) > n_columns and not cells[-1]:
        cells = cells[:-1]
    return cells


def _is_header(cells: Sequence[str], n_columns: int) -> bool:
    """Whether these are column names: mostly words, as many as the table has columns (an index may be missing)."""
    filled = [cell for cell in cells if cell]
    if not filled or len(_without_last(list(cells), n_columns)) not in (n_columns, n_columns - 1) or _is_facts(cells):
        return False
    words = [cell for cell in filled if not is_number(cell) and not is_timestamp(cell)]
    if any(time_unit_s(cell) is not None for cell in filled):
        return True
    return len(words) * 2 > len(filled) and len(filled) * 2 > n_columns


def _is_facts(cells: Sequence[str]) -> bool:
    """Whether most cells are facts about the recording, such as "title: x"; "Time:512Hz" is a column name."""
    return sum(_FACT.fullmatch(cell) is not None for cell in cells) * 2 > len(cells)


def _is_data(cells: Sequence[str], n_columns: int) -> bool:
    """Whether most cells of a line are numbers, about as many as the table has columns."""
    filled = [cell for cell in cells if cell.lower() not in MISSING]
    values = sum(is_number(cell) or is_timestamp(cell) for cell in filled)
    return values * 2 > len(filled) and len(cells) * 2 > n_columns


def _is_units(cells: Sequence[str]) -> bool:
    """Whether a line holds only units, at least one of them known."""
    filled = [cell.strip("[]()").lower() for cell in cells if cell]
    known = [cell for cell in filled if not is_number(cell) and unit_scale(cell) is not None]
    return bool(known) and all(cell in _PLAIN_UNITS or cell in known for cell in filled)


def _counts(cells: Sequence[str]) -> bool:
    """Whether the first column holds the line numbers."""
    numbers = [number_of(cell) for cell in cells[:20]]
    return bool(numbers) and all(first is not None and second == first + 1 for first, second in pairwise(numbers))


def _has_points(rows: Sequence[Sequence[str]]) -> bool:
    """Whether a cell has a decimal point."""
    return any(re.fullmatch(r"-?\d*\.\d+", cell) for row in rows for cell in row)
