"""What is wrong in a damaged codes file, and where."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace


class DamagedFileWarning(UserWarning):
    """A codes file was altered after it was written, or lacks messages."""


@dataclass(frozen=True)
class Damage:
    """One damaged place of a codes file."""

    what: str
    start: int
    """First byte of the place."""
    end: int
    """First byte after the place."""
    stream: str = ""
    """Name of the stream; "" if it is not known."""
    first_seq: int | None = None
    """First `seq` that is concerned; None if it is not known."""
    last_seq: int | None = None
    count: int = 1
    """How many times the same was found between `start` and `end`."""

    def __str__(self) -> str:
        parts = [f"bytes {self.start} to {self.end}"]
        if self.stream:
            parts.append(f"stream {self.stream}")
        if self.first_seq is not None:
            parts.append(f"seq {self.first_seq}" if self.first_seq == self.last_seq else self._range())
        times = f" ({self.count} times)" if self.count > 1 else ""
        return f"{', '.join(parts)}: {self.what}{times}"

    def _range(self) -> str:
        return f"seq {self.first_seq} to {self.last_seq}"


class DamageLog:
    """Collects damage; the same finding of the same stream is one entry that grows."""

    def __init__(self, damage: Iterable[Damage] = ()) -> None:
        self._entries: dict[tuple[str, str], Damage] = {}
        self._single = 0
        for entry in damage:
            self.add(entry)

    def __bool__(self) -> bool:
        return bool(self._entries)

    def __iter__(self) -> Iterator[Damage]:
        return iter(self._entries.values())

    def add(self, damage: Damage, *, grows: bool = False) -> None:
        """Note damage; if it `grows`, then within the entry of the same words and stream."""
        if not grows:
            self._single += 1
            self._entries[f"{self._single}", ""] = damage
            return
        former = self._entries.get((damage.what, damage.stream))
        if former is not None:
            damage = replace(
                former, end=max(former.end, damage.end), last_seq=damage.last_seq, count=former.count + damage.count
            )
        self._entries[damage.what, damage.stream] = damage


def told(name: str, damage: tuple[Damage, ...], most: int = 3) -> str:
    """One line on the damage of the file `name`."""
    more = f"; and {len(damage) - most} more places" if len(damage) > most else ""
    return f"{name} is damaged: {'; '.join(map(str, damage[:most]))}{more}"
