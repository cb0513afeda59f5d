"""Read a BIDS channels.tsv, and assign its rows to the channels of a recording.

C channels of a recording, R rows of a table.
"""

import csv
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from eegstream.dsp.channel_words import take_apart
from eegstream.errors import ConfigError, RecordingError

Row = Mapping[str, str]
"""`name`, `type`, `units`, `status` and further columns of a row; always text, "" for an empty cell."""
_UNSTATED = ("", "n/a")


def read_channels(path: Path) -> list[Row]:
    """Rows (R,) of a channels.tsv.

    Raises:
        ConfigError: the file cannot be read, or has no column `name`.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [_row(row) for row in csv.DictReader(file, delimiter="\t")]
        if any("name" not in row for row in rows):
            raise KeyError("name")  # noqa: TRY301  (reported below, like other damage)
    except (OSError, KeyError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(
            f"{path} is not a channels.tsv ({type(error).__name__}: {error})",
            "Correct the file; BIDS requires a column `name`",
        ) from None
    return [row for row in rows if any(row.values())]


def _row(cells: Mapping[str | None, str | list[str] | None]) -> Row:
    """A row with lower-case keys; cells without a header are dropped."""
    return {key.strip().lower(): text.strip() for key, text in cells.items() if key and isinstance(text, str)}


def stated(row: Row, column: str) -> str:
    """The text of a row in a column; "" for `n/a`."""
    text = row.get(column, "")
    return "" if text.lower() in _UNSTATED else text


def rows_of(labels: Sequence[str], rows: Sequence[Row]) -> tuple[list[Row], list[str]]:
    """The row (C,) of each channel, {} if it has none, and remarks on mismatches.

    Names are compared exactly; then without case, a leading EEG, dots and blanks; then also without the reference, if
    that is unique. If no name matches and there are as many rows as channels, they are assigned in order.

    Raises:
        RecordingError: no name matches, and the numbers of rows and channels differ.
    """
    if not rows:
        return [{} for _ in labels], []
    names = [row["name"] for row in rows]
    own: dict[int, int] = {}
    for key in (str, _plain, _body):
        own |= _pairs(labels, names, own, key)
    if own:
        return [rows[own[index]] if index in own else {} for index in range(len(labels))], _told(labels, names, own)
    if len(rows) == len(labels):
        return list(rows), [
            f"channels.tsv has other names than the recording ({_some(names)}, not {_some(labels)}): rows are assigned "
            "in order"
        ]
    raise RecordingError(
        f"channels.tsv has {len(rows)} rows ({_some(names)}), and none has the name of one of the recording's "
        f"{len(labels)} channels ({_some(labels)})",
        remedy="Correct channels.tsv",
    )


def _plain(label: str) -> str:
    """The label in upper case, without a leading EEG, punctuation and blanks."""
    text = label.strip()
    if take_apart(text).says_eeg:
        text = text[3:]
    return "".join(char for char in text.upper() if char.isalnum() or char in "-:/+")  # these separate the reference


def _body(label: str) -> str:
    return _plain(take_apart(label).body)


def _pairs(
    labels: Sequence[str], names: Sequence[str], taken: Mapping[int, int], key: Callable[[str], str]
) -> dict[int, int]:
    """Rows by channel where keys match; several with one name in order, if there are as many rows as channels of it."""
    free = [index for index in range(len(labels)) if index not in taken]
    left = [number for number in range(len(names)) if number not in taken.values()]
    of_labels, of_names = (
        {index: key(texts[index]) for index in which} for texts, which in ((labels, free), (names, left))
    )
    ours, theirs = Counter(of_labels.values()), Counter(of_names.values())
    pairs: dict[int, int] = {}
    for text, count in ours.items():
        if text and theirs[text] == count:
            mine = [index for index in free if of_labels[index] == text]
            pairs |= dict(zip(mine, (number for number in left if of_names[number] == text), strict=True))
    return pairs


def _told(labels: Sequence[str], names: Sequence[str], own: Mapping[int, int]) -> list[str]:
    without = [label for index, label in enumerate(labels) if index not in own]
    unused = [name for number, name in enumerate(names) if number not in own.values()]
    told = [f"channels.tsv has no row for {_some(without)}"] if without else []
    return told + ([f"channels.tsv names channels that the recording lacks: {_some(unused)}"] if unused else [])


def _some(texts: Sequence[str]) -> str:
    return ", ".join(texts[:8]) + (f" and {len(texts) - 8} more" if len(texts) > 8 else "")
