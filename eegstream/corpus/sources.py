"""Find the recordings of files, folders, patterns and BIDS data sets."""

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from eegstream.errors import RecordingError
from eegstream.files.bids_names import candidates, is_bids_root, no_bids
from eegstream.files.path_patterns import MAGIC
from eegstream.files.recording_files import (
    ending,
    files_below,
    is_closed_folder,
    is_recording_folder,
    looks_like_recording,
    may_hold_eeg,
)


@dataclass(frozen=True)
class Source:
    """One recording that was found."""

    path: Path
    """Absolute; links are kept."""
    shown: str
    """Relative to the folder that all given paths share, with "/"."""
    bids_root: str | None = None
    """Its BIDS data set's root, relative as `shown`; None if it is not of one."""

    @property
    def dataset(self) -> str | None:
        """Name of the folder of its BIDS data set."""
        return None if self.bids_root is None else self.root.name

    @property
    def recording(self) -> str:
        """Name of the recording: of one BIDS data set as BIDS has it, else relative as `shown`."""
        return self.path.name.removesuffix(self.path.suffix) if self.bids_root == "." else self.shown

    @property
    def root(self) -> Path:
        """The folder of its BIDS data set; its own if it is of none."""
        below = PurePosixPath(self.shown).relative_to(self.bids_root or PurePosixPath(self.shown).parent)
        return self.path.parents[len(below.parts) - 1]


@dataclass(frozen=True)
class Found:
    """Recordings in the order of their paths, and files that may hold EEG but are in no format of recordings."""

    sources: tuple[Source, ...]
    left_out: tuple[str, ...]


def find_sources(paths: Sequence[str], without: Path) -> Found:
    """The recordings at `paths`, each once; nothing below the folder `without`, where the output goes.

    Raises:
        RecordingError: a path does not exist, a pattern fits nothing, or there is no recording at all.
    """
    given = list(dict.fromkeys(path for text in paths for path in _expanded(text)))
    is_tree = {path: path.is_dir() and not is_recording_folder(path) for path in given}
    base = Path(os.path.commonpath([path if is_tree[path] else path.parent for path in given]))
    found: dict[Path, Source] = {}
    left_out: dict[Path, str] = {}
    for path in given:
        root = path if is_tree[path] and is_bids_root(path) else None
        for recording in _below(path, is_bids=root is not None) if is_tree[path] else [path]:
            shown = recording.relative_to(base).as_posix()
            if without == recording or without in recording.parents:
                continue
            if (is_tree[path] and may_hold_eeg(recording)) or (root is not None and no_bids(recording)):
                left_out[recording] = shown
            else:
                found.setdefault(
                    recording, Source(recording, shown, root.relative_to(base).as_posix() if root is not None else None)
                )
    if not found:
        raise RecordingError(
            f"there is no recording at {', '.join(paths[:3])}{' and others' if len(paths) > 3 else ''}",
            f"Files there end in {_endings(left_out)}" if left_out else "Give files or folders with recordings",
        )
    return Found(tuple(found[path] for path in sorted(found)), tuple(left_out[path] for path in sorted(left_out)))


def is_many(paths: Sequence[str]) -> bool:
    """Whether the paths are more than one recording: several, a pattern, or a folder that is none."""
    if len(paths) != 1:
        return True
    path = Path(paths[0])
    return _is_pattern(paths[0]) or (path.is_dir() and not is_recording_folder(path))


def _is_pattern(text: str) -> bool:
    return bool(MAGIC & {*text}) and not Path(text).exists()


def _expanded(text: str) -> list[Path]:
    """The absolute paths that the user means by one text."""
    text = str(Path(text).expanduser())
    if _is_pattern(text):
        fitting = sorted(glob.glob(text, recursive=True))  # noqa: PTH207 - the pattern may be absolute
        if not fitting:
            raise RecordingError(f"no path fits {text!r}", "Correct the pattern")
        return [path for path in map(_absolute, fitting) if path.is_dir() or looks_like_recording(path)]
    path = _absolute(text)
    if not path.exists() and not path.is_symlink():
        raise RecordingError(f"{text} does not exist", "Correct the path")
    return [path]


def _absolute(text: str) -> Path:
    """Without `..`; links are not followed, because content of git-annex has other names."""
    return Path(os.path.abspath(text))  # noqa: PTH100


def _below(folder: Path, *, is_bids: bool) -> Iterator[Path]:
    if is_bids:
        yield from candidates(folder)
    else:
        yield from (path for path in files_below(folder) if is_closed_folder(path) or looks_like_recording(path))


def _endings(paths: dict[Path, str]) -> str:
    return ", ".join(sorted({ending(path) for path in paths}))
