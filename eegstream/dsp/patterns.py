"""Patterns by which a user names channels: labels with wildcards, or numbers from 1."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

_NUMBERS = re.compile("([0-9]{1,9})(?:-([0-9]{1,9}))?")


def split_patterns(text: str | Sequence[str] | None) -> tuple[str, ...]:
    """The patterns in a text such as "EEG*,Cz,3-8", or in a list of such texts."""
    parts = [text] if isinstance(text, str) else list(text or ())
    return tuple(pattern for part in parts for pattern in map(str.strip, str(part).split(",")) if pattern)


def matching(pattern: str, labels: Sequence[str]) -> list[int]:
    """Indices of the labels (C,) that a pattern names, ascending.

    `*`, `?` and `[...]` are wildcards; case is ignored. If no label matches and the pattern is a number, or two
    numbers with "-" between, it names channels by their position from 1.
    """
    wanted = pattern.lower()
    found = [
        index for index, label in enumerate(labels) if label.lower() == wanted or fnmatchcase(label.lower(), wanted)
    ]
    numbers = _NUMBERS.fullmatch(pattern)
    if found or numbers is None:
        return found
    first, last = int(numbers[1]), int(numbers[2] or numbers[1])
    return [number - 1 for number in range(max(first, 1), min(last, len(labels)) + 1)]
