"""`manifest.jsonl` of a folder of outputs: one line a recording, which is the truth on what became of it.

A line is appended when a recording is done or has failed, and synced to the disk. Of several lines of one output the
last one counts. A line that a crash cut off counts as none.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from eegstream.errors import EegstreamError

NAME = "manifest.jsonl"

Options = dict[str, JsonValue]


class StreamEntry(BaseModel):
    """Counts of one stream of a recording."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str
    seconds: float
    """Length of the recording."""
    channels: int
    """That were encoded."""
    patches: int
    """Of one channel."""
    gaps: int
    discarded_s: float
    """Seconds that no patch covers."""


class Entry(BaseModel):
    """One recording; fields of later versions are kept."""

    model_config = ConfigDict(frozen=True, extra="allow")

    path: str
    """Absolute path of the recording."""
    size: int
    """Bytes of all its files."""
    modified_ns: tuple[int, ...]
    """Times of change of its files, in nanoseconds since 1970."""
    sha256: str | None
    """Of its content, in hex (`eegstream.files.contents`); null if it could not be read."""
    output: str
    """Relative to the folder."""
    output_size: int | None = None
    output_sha256: str | None = None
    bundle: str
    """name@version."""
    bundle_sha256: str
    options: Options
    """Format and options that may change the output."""
    status: Literal["done", "failed"]
    reason: str | None = None
    """Why it failed."""
    counts: tuple[StreamEntry, ...] = ()
    remarks: tuple[str, ...] = ()
    """Irregularities of the recording, and assumptions about it."""
    seconds: float
    """That the work took."""
    version: str
    """Of this package."""


class Manifest:
    """The file in a folder. Whoever writes holds the folder's lock."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME

    def read(self) -> tuple[dict[str, Entry], int]:
        """The entries by output, and the number of lines that are not the last of their output, or are damaged.

        Raises:
            EegstreamError: the file cannot be read.
        """
        try:
            lines = self._path.read_bytes().splitlines()
        except FileNotFoundError:
            return {}, 0
        except OSError as error:
            raise self._failure("read", error) from None
        entries: dict[str, Entry] = {}
        for line in lines:
            try:
                entry = Entry.model_validate_json(line)
            except ValidationError:
                continue
            entries[entry.output] = entry
        return entries, len(lines) - len(entries)

    def append(self, entry: Entry) -> None:
        """Append an entry, on the disk when this returns.

        Raises:
            EegstreamError: the file cannot be written.
        """
        try:
            with self._path.open("ab+") as file:
                begin = b""
                if file.tell():
                    file.seek(-1, os.SEEK_END)
                    begin = b"" if file.read(1) == b"\n" else b"\n"
                file.write(begin + _line(entry))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise self._failure("written", error) from None

    def replace(self, entries: Mapping[str, Entry]) -> None:
        """Write these entries in place of all, sorted by output.

        Raises:
            EegstreamError: the file cannot be written; it is as it was.
        """
        new = self._path.with_name(f"{NAME}.new")
        try:
            with new.open("wb") as file:
                file.writelines(_line(entries[output]) for output in sorted(entries))
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
        except OSError as error:
            new.unlink(missing_ok=True)
            raise self._failure("written", error) from None

    def _failure(self, what: str, error: OSError) -> EegstreamError:
        return EegstreamError(f"{self._path} cannot be {what} ({error.strerror})", "Correct that, and run it again")


def _line(entry: Entry) -> bytes:
    return json.dumps(entry.model_dump(mode="json"), ensure_ascii=False).encode() + b"\n"
