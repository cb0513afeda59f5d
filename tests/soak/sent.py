"""What the outlets of a soak have sent, as they write it to files: two counts, and the holes."""

import struct
from pathlib import Path

Hole = tuple[int, int]
"""(n, m): m samples were not sent before the n-th that was."""
_CLEAR = 4
"""Holes of fewer samples may be taken for jitter."""


class Sent:
    """By an outlet's uid."""

    def __init__(self) -> None:
        self._files: dict[str, Path] = {}

    def register(self, uid: str, file: Path) -> None:
        """An outlet writes to this file, and its holes to one beside it."""
        self._files[uid] = file

    def at_most(self, uid: str) -> int | None:
        """How many samples it may have sent by now; None if nobody knows."""
        try:
            return struct.unpack("<qq", self._files[uid].read_bytes())[0]
        except (KeyError, OSError, struct.error):
            return None

    def holes(self, uid: str) -> list[Hole]:
        """Its holes so far."""
        try:
            lines = self._files[uid].with_suffix(".holes").read_text(encoding="ascii").splitlines()
        except (KeyError, OSError):
            return []
        return [(int(first), int(count)) for first, count in map(str.split, lines)]


def hole_complaint(holes: list[Hole], begin: int, end: int, missing: int | None) -> str | None:
    """What is wrong with a segment of the samples `begin` to `end`; `missing` is told behind it, None if unknown."""
    for number, count in holes:
        if begin < number < end and count >= _CLEAR:
            return f"a hole of {count} before sample {number} within the segment of samples {begin} to {end}"
        if number == end and missing and abs(missing - count) > 1:
            return f"a hole of {count} before sample {number}, told as {missing}"
    return None
