"""Choose recordings below a folder by patterns, and tell by their paths whose they are."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eegstream.errors import ConfigError
from trainer.data.splits import Source


class Selection(BaseModel):
    """Recordings of one data set, and whose they are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    files: tuple[str, ...]
    """Glob patterns below the data's root."""
    subject: str = r"^(.*)$"
    """Regular expression searched in a file's path below the root; its group is the subject's name."""
    only: tuple[str, ...] | None = None
    """The subjects to take; None takes all."""
    without: tuple[str, ...] = ()
    """Subjects to leave out."""
    share: Annotated[float, Field(gt=0)] = 1.0
    """Share of training patches, relative to the other data sets'."""
    attribution: str = ""
    """Whose data this is and under which licence."""


def selection(side: str, name: str, settings: Mapping[str, Any]) -> Selection:
    """The selection `name` of a side, checked.

    Raises:
        ConfigError: a setting is unknown or wrong.
    """
    try:
        return Selection.model_validate(dict(settings))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigError(
            f"data.source.{side}.{name}.{where}: {first['msg']}", f"Known are {', '.join(Selection.model_fields)}"
        ) from None


def find_sources(root: Path, selections: Mapping[str, Selection]) -> list[Source]:
    """Recordings that the selections name, each once, in the order of their paths.

    Raises:
        ConfigError: no such folder, a pattern without a file, a file without a subject, a subject without a file.
    """
    require_folder(root)
    sources = []
    for data_set, chosen in selections.items():
        found = [
            Source(data_set, _subject(chosen.subject, path.relative_to(root).as_posix()), str(path))
            for path in dict.fromkeys(path for pattern in chosen.files for path in sorted(root.glob(pattern)))
            if path.is_file()
        ]
        taken = [source for source in found if _is_taken(chosen, source.subject)]
        absent = sorted({*(chosen.only or ())} - {source.subject for source in taken})
        if absent or not taken:
            raise ConfigError(
                f"data set {data_set}: {', '.join(chosen.files)} below {root} gives "
                + (f"no subject {', '.join(absent)}" if absent else "no recording"),
                "Correct data.source.root, or `files`, `subject` and `only` of this data set",
            )
        sources += taken
    return sources


def require_folder(root: Path) -> None:
    """Refuse a root that is no folder.

    Raises:
        ConfigError: it is none.
    """
    if not root.is_dir():
        raise ConfigError(f"data.source.root is {str(root)!r}, which is no folder", "Give the folder of the recordings")


def _subject(pattern: str, relative_path: str) -> str:
    match = re.search(pattern, relative_path)
    if match is None or not match.groups():
        raise ConfigError(
            f"`subject` {pattern!r} finds no subject in {relative_path}", "Write an expression with one group"
        )
    return match[1]


def _is_taken(chosen: Selection, subject: str) -> bool:
    return subject not in chosen.without and (chosen.only is None or subject in chosen.only)
