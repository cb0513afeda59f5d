"""Decide what has to be done, from the recordings that were found and the manifest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eegstream.corpus.manifest import Entry, Options
from eegstream.corpus.names import output_name
from eegstream.corpus.sources import Source
from eegstream.files.contents import FileState, files_of, states_of


@dataclass(frozen=True)
class Wanted:
    """What all outputs have in common."""

    bundle: str
    """name@version."""
    bundle_sha256: str
    options: Options
    suffix: str
    retry_failed: bool = False


@dataclass(frozen=True)
class Item:
    """A recording that has to be done."""

    source: Source
    output: str
    size: int
    """Bytes of its files; 0 if they cannot be found."""
    modified_ns: tuple[int, ...]
    known: Entry | None = None
    """Its entry, if the output is there and only the path or the times of the files have changed."""


@dataclass(frozen=True)
class Plan:
    """What has to be done, and what has been."""

    items: tuple[Item, ...]
    done: tuple[Entry, ...]
    failed: tuple[Entry, ...]
    """Recordings that failed before, and are as they were."""


def plan(sources: Sequence[Source], entries: Mapping[str, Entry], wanted: Wanted, folder: Path) -> Plan:
    """Compare recordings with the manifest's `entries` (by output); only names, sizes and times are looked at."""
    names = _names(sources, entries, wanted)
    items: list[Item] = []
    done: list[Entry] = []
    failed: list[Entry] = []
    for source, name in zip(sources, names, strict=True):
        states = _states(source.path)
        size, modified_ns = sum(state.size for state in states), tuple(state.modified_ns for state in states)
        entry = entries.get(name)
        if entry is None or not is_same_work(entry, wanted) or not _is_there(entry, folder):
            items.append(Item(source, name, size, modified_ns))
        elif (entry.path, entry.size, entry.modified_ns) != (str(source.path), size, modified_ns):
            is_known = entry.status == "done" and entry.size == size
            items.append(Item(source, name, size, modified_ns, entry if is_known else None))
        elif entry.status == "done":
            done.append(entry)
        elif wanted.retry_failed:
            items.append(Item(source, name, size, modified_ns))
        else:
            failed.append(entry)
    return Plan(tuple(items), tuple(done), tuple(failed))


def shard(sources: Sequence[Source], number: int, of: int) -> list[Source]:
    """The recordings of share `number` (from 1) of `of`; together the shares are all, each once."""
    return list(sources[number - 1 :: of])


def _names(sources: Sequence[Source], entries: Mapping[str, Entry], wanted: Wanted) -> list[str]:
    """The output of each recording: that of its entry, so that names stay; else one that no other recording has."""
    bundle = wanted.bundle.partition("@")[0]
    own = {
        entry.path: entry.output
        for entry in entries.values()
        if entry.bundle.partition("@")[0] == bundle and entry.output.endswith(wanted.suffix)
    }
    used: set[str] = set()
    names = []
    for source in sources:
        name = own.get(str(source.path)) or output_name(source, wanted.suffix, bundle)
        if name in used or _is_of_another(entries.get(name), source):
            name = output_name(source, wanted.suffix, bundle, is_taken=True)
        used.add(name)
        names.append(name)
    return names


def _is_of_another(entry: Entry | None, source: Source) -> bool:
    """Whether an output belongs to another recording that still exists; if it does not, the recording was moved."""
    return entry is not None and entry.path != str(source.path) and Path(entry.path).exists()


def is_same_work(entry: Entry, wanted: Wanted) -> bool:
    """Whether an entry is of this bundle and these options."""
    return entry.bundle_sha256 == wanted.bundle_sha256 and entry.options == wanted.options


def _is_there(entry: Entry, folder: Path) -> bool:
    """Whether the output of an entry is as it was written, by its size; a failed recording has none."""
    if entry.status == "failed":
        return True
    try:
        return (folder / entry.output).stat().st_size == entry.output_size
    except OSError:
        return False


def _states(path: Path) -> tuple[FileState, ...]:
    try:
        return states_of(files_of(path))
    except OSError:
        return ()
