"""Choose recordings and keep every subject on one side."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from eegstream.errors import ConfigError


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


@dataclass(frozen=True)
class Source:
    """One recording of a split."""

    data_set: str
    subject: str
    path: Path


Split = dict[str, list[Source]]
"""Recordings by side: "train", "val" and "test"."""


def find_sources(root: Path, selections: Mapping[str, Selection]) -> list[Source]:
    """Recordings that the selections name, in the order of their paths.

    Raises:
        ConfigError: no such folder, a pattern without a file, a file without a subject, a subject without a file.
    """
    if not root.is_dir():
        raise ConfigError(f"data.root is {str(root)!r}, which is no folder", "Give the folder of the recordings")
    sources = []
    for data_set, selection in selections.items():
        found = [
            Source(data_set, _subject(selection.subject, path.relative_to(root).as_posix()), path)
            for pattern in selection.files
            for path in sorted(root.glob(pattern))
            if path.is_file()
        ]
        taken = [source for source in found if _is_taken(selection, source.subject)]
        absent = sorted({*(selection.only or ())} - {source.subject for source in taken})
        if absent or not taken:
            raise ConfigError(
                f"data set {data_set}: {', '.join(selection.files)} below {root} gives "
                + (f"no subject {', '.join(absent)}" if absent else "no recording"),
                "Correct data.root, or `files`, `subject` and `only` of this data set",
            )
        sources += taken
    return sources


def _subject(pattern: str, relative_path: str) -> str:
    match = re.search(pattern, relative_path)
    if match is None or not match.groups():
        raise ConfigError(
            f"`subject` {pattern!r} finds no subject in {relative_path}", "Write an expression with one group"
        )
    return match[1]


def _is_taken(selection: Selection, subject: str) -> bool:
    return subject not in selection.without and (selection.only is None or subject in selection.only)


def require_disjoint(split: Split) -> None:
    """Refuse a subject of a data set, or a file, that stands on two sides.

    Raises:
        ConfigError: there is one.
    """
    sides = list(split)
    for position, side in enumerate(sides):
        for other in sides[position + 1 :]:
            subjects = {(s.data_set, s.subject) for s in split[side]} & {(s.data_set, s.subject) for s in split[other]}
            files = {s.path.resolve() for s in split[side]} & {s.path.resolve() for s in split[other]}
            if subjects or files:
                names = sorted(f"{data_set} {subject}" for data_set, subject in subjects) or sorted(
                    path.name for path in files
                )
                raise ConfigError(
                    f"data.{side} and data.{other} share {', '.join(names[:8])}",
                    "Keep each subject on one side",
                )


def hold_out(sources: list[Source], share: float, seed: int) -> Split:
    """Move about `share` of each data set's subjects, at least one, from training to validation.

    Raises:
        ConfigError: a data set has fewer than two subjects.
    """
    rng = np.random.default_rng(seed)
    split: Split = {"train": [], "val": []}
    for data_set in dict.fromkeys(source.data_set for source in sources):
        subjects = sorted({source.subject for source in sources if source.data_set == data_set})
        if len(subjects) < 2:
            raise ConfigError(
                f"data set {data_set} has {len(subjects)} subject, expected two or more to hold one out",
                "Give more recordings, or correct `subject`",
            )
        count = min(max(1, round(share * len(subjects))), len(subjects) - 1)
        held = set(rng.permutation(subjects)[:count].tolist())
        for source in sources:
            if source.data_set == data_set:
                split["val" if source.subject in held else "train"].append(source)
    return split


def describe_split(split: Split, root: Path) -> dict[str, dict[str, dict[str, list[str]]]]:
    """Files by side, data set and subject, relative to `root`: what is written out beside a run."""
    described: dict[str, dict[str, dict[str, list[str]]]] = {}
    for side, sources in split.items():
        for source in sources:
            subjects = described.setdefault(side, {}).setdefault(source.data_set, {})
            subjects.setdefault(source.subject, []).append(source.path.relative_to(root).as_posix())
    return described
