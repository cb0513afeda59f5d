"""The bytes of a file, read where they are needed: a long recording is never in memory as a whole."""

import hashlib
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from eegstream.errors import RecordingError

_BLOCK_BYTES = 1 << 22


class FileBytes(Protocol):
    """Bytes of known number that can be read in any order."""

    def __len__(self) -> int:
        """The number of bytes."""

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from `start` up to `stop`, fewer if they end before; RecordingError if they cannot be read."""


class HeldBytes:
    """Bytes in memory."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __len__(self) -> int:
        return len(self._content)

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from `start` up to `stop`."""
        return self._content[start:stop]


class StoredBytes:
    """The bytes of a regular file, which is opened for each reading; it must not change in between.

    Raises:
        OSError: the file is not there.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._size = path, path.stat().st_size

    def __len__(self) -> int:
        return self._size

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from `start` up to `stop`."""
        stop = min(stop, self._size)
        try:
            with self._path.open("rb") as file:
                file.seek(start)
                found = file.read(max(stop - start, 0))
        except (OSError, MemoryError) as error:
            raise _unreadable(self._path, error) from None
        if len(found) < stop - start:
            raise RecordingError(
                f"{self._path.name} became shorter while it was read (it had {self._size} bytes)",
                "Run it again when the file is complete",
            )
        return found


def bytes_of(path: Path) -> FileBytes:
    """The bytes of the file at `path`, none of a folder; RecordingError if a file has none."""
    try:
        if path.is_dir():
            return HeldBytes(b"")
        mode = path.stat().st_mode
        if stat.S_ISCHR(mode):
            raise RecordingError(f"{path} is a device, expected a file", remedy="Give the path of a recording")
        content = StoredBytes(path) if stat.S_ISREG(mode) else HeldBytes(path.read_bytes())
    except (OSError, ValueError, MemoryError) as error:
        raise _unreadable(path, error) from None
    if not len(content):
        raise RecordingError(f"{path.name} is empty (0 bytes), expected a recording", remedy="Get the file again")
    return content


def whole(content: FileBytes) -> bytes:
    """All bytes at once."""
    return content.read(0, len(content))


def blocks(content: FileBytes) -> Iterator[bytes]:
    """The bytes, some MiB at a time."""
    for start in range(0, len(content), _BLOCK_BYTES):
        yield content.read(start, start + _BLOCK_BYTES)


def count(content: FileBytes, pattern: bytes) -> int:
    """How often a pattern occurs that does not overlap itself, as `bytes.count`."""
    found, end = 0, b""
    for block in blocks(content):
        joined = end + block
        found += joined.count(pattern)
        end = joined[max(0, len(joined) - len(pattern) + 1) :]
    return found


def sha256_of(content: FileBytes) -> str:
    """The SHA-256 of all bytes, in hex."""
    digest = hashlib.sha256()
    for block in blocks(content):
        digest.update(block)
    return digest.hexdigest()


def _unreadable(path: Path, error: Exception) -> RecordingError:
    reason = getattr(error, "strerror", None) or str(error) or "it does not fit into memory"
    return RecordingError(f"{path} cannot be read ({reason})", remedy="Give the path of a recording")
