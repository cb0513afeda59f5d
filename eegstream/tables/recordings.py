"""Which recordings are in a data set, and in which parts of its files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from eegstream.errors import CodesFileError
from eegstream.tables.files import opened
from eegstream.tables.schema import TableFacts


@dataclass(frozen=True)
class Part:
    """Rows of one recording in one row group."""

    path: Path
    group: int


@dataclass(frozen=True)
class Placed:
    """One recording and where it stands."""

    name: str
    parts: tuple[Part, ...]
    patches: int
    """Of one channel."""


@dataclass(frozen=True)
class Contents:
    """What a data set, or one split of it, holds."""

    facts: TableFacts
    recordings: tuple[Placed, ...]
    channels: tuple[str, ...]
    """All labels of the whole data set, in alphabetical order."""
    labels: tuple[str, ...]
    """All labels of events in the whole data set, in alphabetical order."""


def contents_of(path: Path, split: str | None) -> Contents:
    """What is at `path`: a table, a folder of tables, or a data set, of whose recordings `split` chooses a part.

    Raises:
        CodesFileError: there is no table, one cannot be read, or they differ in bundle or front end.
    """
    chosen = set(_files(path, split))
    facts: TableFacts | None = None
    parts: dict[str, list[Part]] = {}
    patches: dict[str, int] = {}
    channels: set[str] = set()
    labels: set[str] = set()
    for file_path in _files(path, None):
        with opened(file_path) as (file, found):
            facts = facts or found
            if difference := facts.unlike(found):
                raise CodesFileError(f"{path} has tables that differ in {difference}", "Give tables of one bundle")
            for group in range(file.num_row_groups):
                rows = file.read_row_group(group, columns=["recording", "channel", "n_patches", "events"])
                names, sizes = rows["recording"].to_pylist(), rows["n_patches"].to_numpy()
                for name, size in zip(names, sizes.tolist(), strict=True) if file_path in chosen else ():
                    own = parts.setdefault(name, [])
                    if not own or own[-1] != Part(file_path, group):
                        own.append(Part(file_path, group))
                    patches[name] = patches.get(name, 0) + size
                channels.update(rows["channel"].unique().to_pylist())
                labels.update(_labels(rows))
    assert facts is not None  # noqa: S101 - there is at least one file
    placed = tuple(Placed(name, tuple(own), patches[name]) for name, own in sorted(parts.items()))
    return Contents(facts, placed, tuple(sorted(channels)), tuple(sorted(labels)))


class RowReader:
    """Reads the rows of recordings; the row group that was read last stays in memory for the next recording."""

    def __init__(self) -> None:
        self._part: Part | None = None
        self._rows: Any = None

    def rows(self, recording: Placed) -> Iterator[Any]:
        """The rows of a recording as batches, in order."""
        for part in recording.parts:
            if part != self._part:
                with opened(part.path) as (file, _):
                    self._rows = file.read_row_group(part.group)
                self._part = part
            mine = pc.equal(self._rows["recording"].cast(pa.string()), recording.name)
            yield from self._rows.filter(mine).to_batches()


def shuffled(recordings: Sequence[Placed], rng: np.random.Generator) -> list[Placed]:
    """Another order, in which recordings of one row group stay together: each is read once."""
    groups: dict[Part, list[Placed]] = {}
    for recording in recordings:
        groups.setdefault(recording.parts[0], []).append(recording)
    blocks = list(groups.values())
    return [blocks[b][r] for b in rng.permutation(len(blocks)) for r in rng.permutation(len(blocks[b]))]


def share(recordings: Sequence[Placed], number: int, shares: int) -> list[Placed]:
    """One of several shares of about as many patches; together they are all recordings, each once and in order."""
    middles = np.cumsum([recording.patches for recording in recordings]) - [r.patches / 2 for r in recordings]
    total = sum(recording.patches for recording in recordings)
    owner = np.minimum((middles * shares / max(1, total)).astype(int), shares - 1)
    return [recording for recording, own in zip(recordings, owner, strict=True) if own == number]


def _labels(rows: Any) -> list[str]:
    events = rows["events"].combine_chunks()
    found: list[str] = events.flatten().field("label").unique().to_pylist()
    return found


def _files(path: Path, split: str | None) -> list[Path]:
    if path.is_file():
        return [path]
    folder = path / f"split={split}"
    if split is not None and any(path.glob("split=*")):
        files = sorted(folder.glob("*.parquet"))
    else:
        files = sorted(path.rglob("*.parquet"))
    if not files:
        there = ", ".join(sorted(one.name for one in path.glob("split=*"))) or "no table"
        raise CodesFileError(
            f"{path} has no table" + (f" of the split {split}" if split else "") + f" (it has {there})",
            "Give a folder that `eegstream export` made, or a table",
        )
    return files
