"""Report which recordings are left out, and why: each one by name, or many grouped by cause."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from eegstream.errors import ConfigError

FILE = "left_out.json"
"""Lists the paths of all recordings that are left out, by data set and reason."""
_MOST_LINES = 20
"""More recordings than this are grouped by cause."""
_MOST_NAMES = 8
_OPTION = re.compile(r"--(channels|drop|unit|rate)\b")


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
    """Recordings that are left out: `len` counts them, iteration gives the lines that report them."""

    def __init__(self, skipped: Sequence[Skipped]) -> None:
        self.skipped = list(skipped)

    def __len__(self) -> int:
        return len(self.skipped)

    def __iter__(self) -> Iterator[str]:
        if len(self) <= _MOST_LINES:
            yield from map(str, self.skipped)
            return
        by_cause: dict[str, list[Skipped]] = {}
        for one in self.skipped:
            by_cause.setdefault(one.cause, []).append(one)
        for alike in sorted(by_cause.values(), key=len, reverse=True):
            yield str(alike[0]) if len(alike) == 1 else f"{len(alike)}: {alike[0].why} ({_names(alike)})"
        yield f"{FILE} in the run's folder lists all of them"


def write_left_out(folder: Path, skipped: Sequence[Skipped]) -> None:
    """Write all names by data set and reason into a run's folder, if there are any and the folder exists."""
    found: dict[str, dict[str, list[str]]] = {}
    for one in skipped:
        found.setdefault(one.data_set, {}).setdefault(one.why, []).append(one.name)
    if found and folder.is_dir():
        (folder / FILE).write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")


def _names(skipped: Sequence[Skipped]) -> str:
    more = f" and {len(skipped) - _MOST_NAMES} more" if len(skipped) > _MOST_NAMES else ""
    return ", ".join(one.name for one in skipped[:_MOST_NAMES]) + more


def unusable(skipped: Sequence[Skipped]) -> ConfigError:
    """The error that ends a strict run."""
    first, *more = skipped
    if not more:
        return ConfigError(f"{first.name} cannot be used: {first.why}", _REMEDY)
    causes = "; ".join(dict.fromkeys(one.why for one in skipped[:3]))
    return ConfigError(f"{len(skipped)} recordings cannot be used: {_names(skipped)} ({causes})", _REMEDY)


_REMEDY = "Repair or remove these recordings, or let the run leave them out with data.strict=false"


def with_left_out(error: ConfigError, skipped: Sequence[Skipped]) -> ConfigError:
    """The same error, which also says what was left out before it came to that."""
    if not skipped:
        return error
    told = f"{len(skipped)} left out: {'; '.join(map(str, skipped[:3]))}{' and others' if len(skipped) > 3 else ''}"
    return ConfigError(f"{error.message} ({told})", error.remedy)


def in_settings(text: str) -> str:
    """What names an option of `eegstream encode`, with the setting that is its like here."""
    return _OPTION.sub(r"data.\1", text)
