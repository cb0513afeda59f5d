"""Assign every subject to one side: training, validation or test."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eegstream.errors import ConfigError

SIDES = ("train", "val", "test")


@dataclass(frozen=True)
class RecordingSource:
    """One recording and its subject."""

    data_set: str
    subject: str
    path: str
    """A file, or a text such as "synthetic:rate=250,seed=1"."""
    channels: str | None = None
    """A BIDS channels.tsv of the recording."""


Split = dict[str, list[RecordingSource]]
"""Recordings by side."""

SplitDescription = dict[str, dict[str, dict[str, list[str]]]]
"""Files by side, data set and subject."""


@dataclass(frozen=True)
class SplitRule:
    """Chooses the validation subjects: those of a list, else those of another run's split, else a random share."""

    hold_out_share: float = 0.2
    hold_out: tuple[str, ...] = ()
    """Subjects, as "03" or, where data sets share names, "eegmat/03"."""
    split_file: str | None = None
    """A split.json that a run has written."""
    seed: int = 0

    @property
    def draws(self) -> bool:
        """Whether the validation subjects are drawn at random."""
        return not self.hold_out and self.split_file is None

    def __call__(self, sources: Sequence[RecordingSource]) -> Split:
        """The recordings by side.

        Raises:
            ConfigError: a side would have no subject, or a given subject does not exist.
        """
        if self.hold_out:
            return _by_list(sources, self.hold_out)
        if self.split_file is not None:
            return _by_file(sources, Path(self.split_file))
        return _by_share(sources, self.hold_out_share, self.seed)


def require_disjoint(split: Split) -> None:
    """Refuse a subject of a data set, or a file, that is on two sides.

    Raises:
        ConfigError: there is one.
    """
    sides = list(split)
    for position, side in enumerate(sides):
        for other in sides[position + 1 :]:
            subjects = _subjects(split[side]) & _subjects(split[other])
            files = {_resolved(s.path) for s in split[side]} & {_resolved(s.path) for s in split[other]}
            if subjects or files:
                names = sorted(f"{data_set} {subject}" for data_set, subject in subjects) or sorted(
                    Path(path).name for path in files
                )
                raise ConfigError(
                    f"{', '.join(names[:8])} is on two sides, {side} and {other}",
                    "Put each subject on one side only",
                )


def _subjects(sources: Iterable[RecordingSource]) -> set[tuple[str, str]]:
    return {(source.data_set, source.subject) for source in sources}


def _resolved(path: str) -> str:
    return path if ":" in path and not Path(path).exists() else str(Path(path).resolve())


def _by_share(sources: Sequence[RecordingSource], share: float, seed: int) -> Split:
    """Move about `share` of each data set's subjects, at least one, to validation; a single subject trains."""
    if not 0 < share < 1:
        raise ConfigError(
            f"data.source.hold_out_share is {share}, expected more than 0 and less than 1", "Give 0.2, for example"
        )
    rng = np.random.default_rng(seed)
    held: set[tuple[str, str]] = set()
    by_set: dict[str, list[str]] = {}
    for data_set, subject in sorted(_subjects(sources)):
        by_set.setdefault(data_set, []).append(subject)
    for data_set, subjects in by_set.items():
        if len(subjects) > 1:
            count = min(max(1, round(share * len(subjects))), len(subjects) - 1)
            held |= {(data_set, subject) for subject in rng.permutation(subjects)[:count].tolist()}
    if not held:
        found = "; ".join(f"{data_set}: {', '.join(subjects)}" for data_set, subjects in by_set.items())
        raise ConfigError(
            f"no data set has two subjects, so none can be held out ({found})",
            "Give recordings of more subjects, set `subject` to a regular expression that distinguishes them, or give "
            "data.source.val",
        )
    return _split(sources, {"val": held})


def _by_list(sources: Sequence[RecordingSource], names: Sequence[str]) -> Split:
    known = _subjects(sources)
    held = {(d, s) for d, s in known if s in names or f"{d}/{s}" in names}
    absent = sorted({*names} - {s for _, s in held} - {f"{d}/{s}" for d, s in held})
    if absent:
        shown = ", ".join(sorted(f"{d}/{s}" for d, s in known)[:12])
        raise ConfigError(
            f"data.source.hold_out has {', '.join(absent)}, which is not a subject of the data", f"Subjects are {shown}"
        )
    return _split(sources, {"val": held})


def _by_file(sources: Sequence[RecordingSource], path: Path) -> Split:
    try:
        described: dict[str, dict[str, dict[str, Any]]] = json.loads(path.read_text(encoding="utf-8"))
        sides = {
            side: {(data_set, subject) for data_set, subjects in sets.items() for subject in subjects}
            for side, sets in described.items()
        }
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise ConfigError(
            f"{path} is not a split ({type(error).__name__}: {error})", "Give the split.json of a run"
        ) from None
    unknown = sorted(f"{d}/{s}" for d, s in _subjects(sources) - set().union(*sides.values()))
    if unknown:
        raise ConfigError(
            f"{path} has no side for {', '.join(unknown[:8])}",
            "Add these subjects to it, or leave their recordings out",
        )
    return _split(sources, {side: sides.get(side, set()) for side in ("val", "test")})


def _split(sources: Sequence[RecordingSource], held: Mapping[str, set[tuple[str, str]]]) -> Split:
    """Recordings by side; subjects that are not held out are in training."""
    split: Split = {"train": [], **{side: [] for side in held}}
    for source in sources:
        side = next((s for s, who in held.items() if (source.data_set, source.subject) in who), "train")
        split[side].append(source)
    for side in ("train", "val"):
        if not split[side]:
            raise ConfigError(
                f"the {side} side of the split has no subject", "Hold out some of the subjects, neither all nor none"
            )
    return split


def describe_split(split: Split, root: Path | None) -> SplitDescription:
    """Files by side, data set and subject, relative to `root`, as in split.json."""
    described: SplitDescription = {}
    for side, sources in split.items():
        for source in sources:
            path = Path(source.path)
            shown = path.relative_to(root).as_posix() if root and path.is_relative_to(root) else source.path
            described.setdefault(side, {}).setdefault(source.data_set, {}).setdefault(source.subject, []).append(shown)
    return described
