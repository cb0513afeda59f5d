"""Select recordings below a folder by patterns, and derive their subjects from their paths."""

import re
from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eegstream.errors import ConfigError
from eegstream.files.path_patterns import MAGIC, fits
from eegstream.files.recording_files import files_below, is_closed_folder, left_out_because, looks_like_recording
from eegstream.files.subjects import subjects_of
from eegstream.workers.left_out import Skipped
from trainer.data.left_out import with_left_out
from trainer.data.splits import RecordingSource


class RecordingSelection(BaseModel):
    """Selects recordings of one data set, and defines their subjects."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    files: tuple[str, ...] | None = None
    """Patterns of paths relative to the data's root, without regard to case; None: every file that looks like a
    recording."""
    subject: str | None = None
    """Regular expression searched in a file's path relative to the root; its group is the subject's name. None: the
    rules of `eegstream.files.subjects`."""
    only: tuple[str, ...] | None = None
    """The subjects to take; None takes all."""
    without: tuple[str, ...] = ()
    """Subjects to leave out."""
    share: Annotated[float, Field(gt=0)] = 1.0
    """Share of training patches, relative to the other data sets'."""
    attribution: str = ""
    """Owner and licence of the data."""


def selection(side: str, name: str, settings: Mapping[str, Any]) -> RecordingSelection:
    """The selection `name` of a side, checked.

    Raises:
        ConfigError: a setting is unknown or wrong.
    """
    try:
        return RecordingSelection.model_validate(dict(settings))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigError(
            f"data.source.{side}.{name}.{where} is wrong: {first['msg']}",
            f"Known are {', '.join(RecordingSelection.model_fields)}",
        ) from None


def find_sources(
    root: Path, selections: Mapping[str, RecordingSelection]
) -> tuple[list[RecordingSource], list[Skipped]]:
    """Recordings of the selections, each once, in the order of their paths; and those that cannot be read.

    Raises:
        ConfigError: the folder does not exist, a selection has no recording, a file no subject, or a subject no file.
    """
    require_folder(root)
    sources: list[RecordingSource] = []
    left_out: list[Skipped] = []
    for data_set, chosen in selections.items():
        taken, lost = _find(root, data_set, chosen)
        absent = sorted({*(chosen.only or ())} - {source.subject for source in taken})
        if absent or not taken:
            error = ConfigError(
                f"data set {data_set}: {_shown(chosen)} below {root} gives "
                + (f"no subject {', '.join(absent)}" if absent else "no recording"),
                "Correct data.source.root, or `files`, `subject` and `only` of this data set",
            )
            raise with_left_out(error, lost)
        sources += taken
        left_out += lost
    return sources, left_out


def _shown(chosen: RecordingSelection) -> str:
    return "every known format" if chosen.files is None else ", ".join(chosen.files)


def _find(root: Path, data_set: str, chosen: RecordingSelection) -> tuple[list[RecordingSource], list[Skipped]]:
    """The recordings of one selection, and those that cannot be read."""
    sources: list[RecordingSource] = []
    left_out: list[Skipped] = []
    paths = _named(root, chosen.files)
    shown = [path.relative_to(root).as_posix() for path in paths]
    guessed = subjects_of(shown) if chosen.subject is None else [None] * len(shown)
    for path, name, guess in zip(paths, shown, guessed, strict=True):
        why = left_out_because(path)
        if why is None:
            source = RecordingSource(data_set, guess or _subject(str(chosen.subject), name), str(path))
            sources += [source] if _is_taken(chosen, source.subject) else []
        elif _may_be_wanted(chosen, name, guess):
            left_out.append(Skipped(name, why, data_set))
    return sources, left_out


def _named(root: Path, patterns: Sequence[str] | None) -> list[Path]:
    """Paths that match a pattern, in the order of the patterns; without patterns, those that look like recordings.

    A pattern without wildcards gives its path even if there is no file.
    """
    if patterns is None:
        return sorted(path for path in files_below(root) if path.is_dir() or looks_like_recording(path))
    found: dict[Path, None] = {}
    for pattern in patterns:
        *folders, _ = PurePosixPath(pattern).parts
        plain = tuple(takewhile(lambda part: not MAGIC & {*part}, folders))
        base = root.joinpath(*plain)
        rest = "/".join(PurePosixPath(pattern).parts[len(plain) :])
        depth = None if "**" in rest else rest.count("/") + 1
        fitting = sorted(
            path
            for path in files_below(base, depth)
            if fits(path.relative_to(base).as_posix(), rest) or is_closed_folder(path)
        )
        if not fitting and not MAGIC & {*rest}:
            fitting = [root / pattern]
        found |= dict.fromkeys(fitting)
    return list(found)


def _may_be_wanted(chosen: RecordingSelection, shown: str, guess: str | None) -> bool:
    """Whether a recording that is left out would have been selected, or might have been if its subject is unknown."""
    if chosen.subject is None:
        return guess is None or _is_taken(chosen, guess)
    match = re.search(chosen.subject, shown)
    return match is None or not match.groups() or _is_taken(chosen, match[1])


def require_folder(root: Path) -> None:
    """Refuse a root that is not a folder.

    Raises:
        ConfigError: it is not a folder.
    """
    if not root.is_dir():
        raise ConfigError(
            f"data.source.root is {str(root)!r}, which is not a folder", "Give the folder of the recordings"
        )


def _subject(pattern: str, relative_path: str) -> str:
    match = re.search(pattern, relative_path)
    if match is None or not match.groups():
        raise ConfigError(
            f"`subject` is {pattern!r}, which finds no subject in {relative_path}",
            "Give a regular expression with one group",
        )
    return match[1]


def _is_taken(chosen: RecordingSelection, subject: str) -> bool:
    return subject not in chosen.without and (chosen.only is None or subject in chosen.only)
