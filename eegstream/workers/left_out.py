"""Report which recordings could not be used, and why: each one by name, or many grouped by cause."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

_MOST_LINES = 20
"""More recordings than this are grouped by cause."""
_MOST_NAMES = 8


@dataclass(frozen=True)
class Skipped:
    """A recording that is left out."""

    name: str
    """Its path below the data's root."""
    why: str
    data_set: str = "recordings"

    def __str__(self) -> str:
        return self.why if PurePath(self.name).name in self.why else f"{self.name}: {self.why}"

    @property
    def cause(self) -> str:
        """The reason without names, numbers and text in brackets, by which recordings are grouped."""
        own = re.escape(PurePath(self.name).name)
        plain = re.sub(rf"\([^)]*\)|\S*{own}|\d+", "", self.why)
        return " ".join(plain.split())


class Account:
    """Recordings that are left out: `len` counts them, iteration gives the lines that report them.

    `listed` says where all of them are listed, for the last line of many.
    """

    def __init__(self, skipped: Sequence[Skipped], listed: str) -> None:
        self.skipped = list(skipped)
        self._listed = listed

    def __len__(self) -> int:
        return len(self.skipped)

    def __iter__(self) -> Iterator[str]:
        if len(self) <= _MOST_LINES:
            yield from map(str, self.skipped)
            return
        for alike in self._by_cause():
            yield str(alike[0]) if len(alike) == 1 else f"{len(alike)}: {alike[0].why} ({named(alike)})"
        yield f"{self._listed} lists all of them"

    def table(self) -> Iterator[str]:
        """The same in two columns: which, and why."""
        if len(self) <= _MOST_LINES:
            rows = [(one.name, one.why) for one in self.skipped]
        else:
            rows = [(f"{len(alike)}: {named(alike)}", alike[0].why) for alike in self._by_cause()]
        width = max((len(which) for which, _ in rows), default=0)
        yield from (f"  {which:<{width}}  {why}" for which, why in rows)
        if len(self) > _MOST_LINES:
            yield f"  {self._listed} lists all of them"

    def _by_cause(self) -> list[list[Skipped]]:
        by_cause: dict[str, list[Skipped]] = {}
        for one in self.skipped:
            by_cause.setdefault(one.cause, []).append(one)
        return sorted(by_cause.values(), key=len, reverse=True)


def named(skipped: Sequence[Skipped]) -> str:
    """The first names."""
    more = f" and {len(skipped) - _MOST_NAMES} more" if len(skipped) > _MOST_NAMES else ""
    return ", ".join(one.name for one in skipped[:_MOST_NAMES]) + more
