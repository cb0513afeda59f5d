"""The files of a recording, and what tells that they have changed."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eegstream.files.recording_files import HEADERS, named_parts


@dataclass(frozen=True)
class FileState:
    """If these stay the same, so does the content, unless somebody hides it."""

    name: str
    size: int
    modified_ns: int


def files_of(recording: Path) -> list[Path]:
    """All files on which the content of a recording depends, the one that names it first.

    Raises:
        OSError: a folder cannot be read.
    """
    if recording.is_dir():
        return sorted(path for path in recording.rglob("*") if path.is_file())
    if recording.suffix.lower() not in HEADERS:
        return [recording]
    companion = re.compile(re.escape(recording.stem) + r"(-\d+)?\.\w+")
    beside = {path for path in recording.parent.iterdir() if companion.fullmatch(path.name) and path.is_file()}
    beside |= {path for path in map(recording.with_name, named_parts(recording)) if path.is_file()}
    return [recording, *sorted(beside - {recording})]


def states_of(files: Sequence[Path]) -> tuple[FileState, ...]:
    """The state of each file.

    Raises:
        OSError: a file is not there.
    """
    stats = [(path.name, path.stat()) for path in files]
    return tuple(FileState(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)


def content_sha256(files: Sequence[Path]) -> str:
    """SHA-256 of one file in hex; of several, the SHA-256 over their digests one after the other.

    Raises:
        OSError: a file cannot be read.
    """
    digests = []
    for path in files:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256"))
    if len(digests) == 1:
        return digests[0].hexdigest()
    return hashlib.sha256(b"".join(digest.digest() for digest in digests)).hexdigest()
