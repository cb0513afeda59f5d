"""Gather the tables of recordings into a data set: shards of moderate size, by split."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from eegstream.errors import CodesFileError, EegstreamError
from eegstream.files.atomic import replacing
from eegstream.tables.card import data_card
from eegstream.tables.files import TableFile, opened
from eegstream.tables.gathered import Counter, Gathered
from eegstream.tables.names import RecordingNames
from eegstream.tables.schema import TableFacts
from eegstream.tables.splits import SPLITS, split_of

CARD = "README.md"
_BATCH_ROWS = 128
"""Rows that are copied at a time."""


@dataclass(frozen=True)
class ShardSizes:
    """When a shard ends. A recording is only divided if it alone would make a shard too large."""

    full_bytes: int = 512 * 1024 * 1024
    """A shard of this size gets no further recording."""
    most_bytes: int = 896 * 1024 * 1024
    """A shard of this size ends, also within a recording."""


def gather(
    tables: Sequence[Path],
    folder: Path,
    data_license: str | None = None,
    sizes: ShardSizes = ShardSizes(),
    reached: Callable[[int], None] = lambda _: None,
) -> list[Gathered]:
    """Write `split=NAME/part-00000.parquet` and so on, and a data card, into `folder`.

    In each split, recordings are in alphabetical order. The same tables give the same bytes. Each file appears complete
    or not at all; shards of an earlier gathering that this one does not write are removed at the end. `data_license`
    takes the place of what the tables say; `reached` gets the number of tables done so far. Returned are the
    recordings, as they stand in the shards.

    Raises:
        CodesFileError: a table cannot be read, tables differ in bundle or front end, or two have the same recording.
        EegstreamError: `folder` cannot be written.
    """
    facts, sources = _sources(tables)
    facts = facts if data_license is None else facts.model_copy(update={"license": data_license})
    found: list[Gathered] = []
    written: set[Path] = set()
    done = 0
    for split in SPLITS:
        counter = Counter(split)
        with _Shards(folder / f"split={split}", facts, sizes) as shards:
            for source in (source for source in sources if source.split == split):
                shards.copy(source.path, counter)
                done += 1
                reached(done)
        found += counter.found.values()
        written |= shards.written
    for path in folder.glob("split=*/part-*.parquet"):
        if path not in written:
            path.unlink()
    with replacing(folder / CARD) as unfinished:
        unfinished.write_text(data_card(facts, found), encoding="utf-8")
    return found


@dataclass(frozen=True)
class _Source:
    recordings: tuple[str, ...]
    split: str
    path: Path


def _sources(tables: Iterable[Path]) -> tuple[TableFacts, list[_Source]]:
    """The facts that all tables share, and the tables in order of their recordings."""
    shared: tuple[TableFacts, Path] | None = None
    licenses: set[str | None] = set()
    sources: list[_Source] = []
    seen: dict[str, Path] = {}
    for path in tables:
        with opened(path) as (file, facts):
            shared = shared or (facts, path)
            if difference := shared[0].unlike(facts):
                raise CodesFileError(
                    f"{shared[1].name} and {path.name} differ in {difference}; a data set has one bundle and front end",
                    "Gather tables of one bundle and the same options",
                )
            licenses.add(facts.license)
            names = _names(file)
        for name in names:
            if name.recording in seen:
                raise CodesFileError(
                    f"{seen[name.recording]} and {path} both hold the recording {name.recording}",
                    "Leave one of them out, or rename it",
                )
            seen[name.recording] = path
        if names:
            sources.append(_Source(tuple(name.recording for name in names), split_of(names[0]), path))
    if shared is None or not sources:
        raise CodesFileError("there is no table with rows to gather", "Give at least one")
    license_of_all = licenses.pop() if len(licenses) == 1 else None
    ordered = sorted(sources, key=lambda source: source.recordings)
    return shared[0].model_copy(update={"license": license_of_all}), ordered


def recordings_in(table: Path) -> list[str]:
    """Names of the recordings in a table, in alphabetical order.

    Raises:
        CodesFileError: it cannot be read.
    """
    with opened(table) as (file, _):
        return [name.recording for name in _names(file)]


def _names(file: Any) -> list[RecordingNames]:
    """The recordings in a table, in alphabetical order."""
    columns = ["recording", "dataset", "subject"]
    found = {tuple(row[name] for name in columns) for row in file.read(columns).to_pylist()}
    return [RecordingNames(recording, dataset, subject) for recording, dataset, subject in sorted(found, key=str)]


class _Shards:
    """The shards of one split; leaving the context finishes the last one, or removes it after an error."""

    def __init__(self, folder: Path, facts: TableFacts, sizes: ShardSizes) -> None:
        self._folder, self._facts, self._sizes = folder, facts, sizes
        self._open = ExitStack()
        self._file: TableFile | None = None
        self._path = folder
        self.written: set[Path] = set()

    def __enter__(self) -> "_Shards":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)

    def copy(self, table: Path, counter: Counter) -> None:
        """Append all rows of a table."""
        with opened(table) as (file, _):
            for batch in file.iter_batches(_BATCH_ROWS):
                self._end_if_of(self._sizes.most_bytes)
                shard = self._file or self._begin()
                shard.add(batch)
                counter.add(batch, f"{self._folder.name}/{self._path.name}")
        self._end_if_of(self._sizes.full_bytes)

    def _begin(self) -> TableFile:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EegstreamError(f"{self._folder} cannot be made ({error.strerror})", "Give another -o") from None
        self._path = self._folder / f"part-{len(self.written):05d}.parquet"
        unfinished = self._open.enter_context(replacing(self._path))
        self._file = self._open.enter_context(TableFile(unfinished, self._facts))
        self.written.add(self._path)
        return self._file

    def _end_if_of(self, size: int) -> None:
        if self._file is not None and self._file.bytes_written >= size:
            self._open.close()
            self._file = None
