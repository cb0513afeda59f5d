"""Codes files (`.codes.mcap`): the wire's messages in an MCAP container."""

import os
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, cast

from mcap.writer import CompressionType, IndexType, Writer

from eegstream.errors import CodesFileError
from eegstream.files.atomic import replacing
from eegstream.files.codes_fitting import usable_messages
from eegstream.files.codes_reading import ENCODING, LIBRARY, CodesReader, record_sequence, record_time_ns
from eegstream.files.damage import Damage, DamagedFileWarning, told
from eegstream.files.segments import CodedSegment, collect_segments
from eegstream.wire.messages import Event, Message

__all__ = [
    "CodesFile",
    "CodesReader",
    "CodesWriter",
    "Damage",
    "DamagedFileWarning",
    "UnfinishedFileWarning",
    "load_codes",
    "read_codes",
    "write_codes",
]

_SYNC_INTERVAL_S = 1.0


class UnfinishedFileWarning(UserWarning):
    """A codes file was not finished by its writer."""


class CodesWriter:
    """Append messages to a codes file; each one is given to the operating system at once, and synced every second.

    Leaving the context finishes the file. After an exception, the file stays unfinished but readable. With `new`, the
    file must not exist. A finished file holds a checksum of all its messages, so that every altered byte is found.

    Raises:
        CodesFileError: the file cannot be written.
    """

    def __init__(self, path: Path, *, new: bool = False) -> None:
        self._path, self._mode = path, "xb" if new else "wb"
        self._channels: dict[str, int] = {}
        self._synced_s = time.monotonic()

    def __enter__(self) -> "CodesWriter":
        try:
            self._file = cast("IO[bytes]", self._path.open(self._mode))
        except OSError as error:
            raise self._failure(error) from None
        self._writer = Writer(
            self._file,
            use_chunking=False,
            compression=CompressionType.NONE,
            index_types=IndexType.NONE,
            enable_data_crcs=True,
        )
        self._writer.start(profile="", library=LIBRARY)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with self._file:
                if kind is None:
                    self._writer.finish()  # type: ignore[no-untyped-call]
                self._file.flush()
                os.fsync(self._file.fileno())
        except OSError as failure:
            if kind is None:
                raise self._failure(failure) from None

    def write(self, message: Message) -> None:
        """Append one message.

        Raises:
            CodesFileError: the file cannot be written any more.
        """
        try:
            self._append(message)
        except OSError as error:
            raise self._failure(error) from None

    def _append(self, message: Message) -> None:
        if message.topic not in self._channels:
            self._channels[message.topic] = self._writer.register_channel(
                topic=message.topic, message_encoding=ENCODING, schema_id=0
            )
        time_ns = record_time_ns(message)
        self._writer.add_message(
            self._channels[message.topic], time_ns, message.to_payload(), time_ns, record_sequence(message)
        )
        self._file.flush()
        if time.monotonic() - self._synced_s >= _SYNC_INTERVAL_S:
            os.fsync(self._file.fileno())
            self._synced_s = time.monotonic()

    def _failure(self, error: OSError) -> CodesFileError:
        return CodesFileError(f"{self._path} cannot be written ({error.strerror})", "Give another path with -o")


@contextmanager
def write_codes(path: Path) -> Iterator[CodesWriter]:
    """Write a codes file that appears complete or not at all.

    Raises:
        EegstreamError: `path` cannot be written.
    """
    with replacing(path) as unfinished, CodesWriter(unfinished) as writer:
        yield writer


class CodesFile(list[CodedSegment]):
    """The segments of a codes file, in order of their end."""

    def __init__(
        self,
        segments: Iterable[CodedSegment],
        damage: tuple[Damage, ...],
        events: tuple[Event, ...] = (),
        *,
        finished: bool,
    ) -> None:
        super().__init__(segments)
        self.events = events
        """The file's events, in its order: of the recording, or of marker streams with clocks of their own."""
        self.damage = damage
        """What is damaged or missing in the file; empty if nothing was found."""
        self.finished = finished
        """Whether the file was finished by its writer."""


def load_codes(path: Path) -> CodesFile:
    """Read a codes file as `read_codes`, without warnings.

    Raises:
        CodesFileError: this is not a codes file, or it has codes without their spec.
    """
    reader = CodesReader(path)
    messages, damage = usable_messages(reader)
    events = tuple(message for message in messages if isinstance(message, Event))
    return CodesFile(collect_segments(messages, str(path)), damage, events, finished=reader.finished)


def read_codes(path: str | Path) -> CodesFile:
    """Read a codes file: one entry per segment of each stream and epoch, in order of their end.

    Damaged messages are left out; `damage` of the result says where. To refuse such files, make DamagedFileWarning
    an error.

    Raises:
        CodesFileError: this is not a codes file, or it has codes without their spec.

    Warns:
        UnfinishedFileWarning: the file is unfinished; everything up to its last whole message was read.
        DamagedFileWarning: the file was altered after it was written, or messages are missing.
    """
    read = load_codes(Path(path))
    if not read.finished:
        warnings.warn(f"{path} is unfinished; its last message may be missing", UnfinishedFileWarning, stacklevel=2)
    if read.damage:
        warnings.warn(f"{told(str(path), read.damage)}. The rest was read", DamagedFileWarning, stacklevel=2)
    return read
