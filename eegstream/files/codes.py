"""Codes files (`.codes.mcap`): the wire's messages in an MCAP container."""

import os
import struct
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, cast

from mcap.exceptions import McapError
from mcap.records import Channel, McapRecord
from mcap.records import Message as Record
from mcap.stream_reader import StreamReader
from mcap.writer import CompressionType, IndexType, Writer

from eegstream.errors import CodesFileError
from eegstream.files.atomic import replacing
from eegstream.files.segments import CodedSegment, collect_segments
from eegstream.wire.messages import Codes, End, Gap, Message, Spec, State, Unknown
from eegstream.wire.parsing import WireError, parse

_ENCODING = "msgpack"
_SYNC_INTERVAL_S = 1.0
_LATEST_NS = 2**64 - 1
_LONGEST_RECORD = 128 * 1024 * 1024
_REMEDY = "Give a file that `eegstream encode` or `record` wrote"


class UnfinishedFileWarning(UserWarning):
    """A codes file ends before its writer did."""


class CodesWriter:
    """Append messages to a codes file; each is on its way to the disk before the next.

    Leaving the context finishes the file; left by an exception, it stays unfinished but readable. A `new` file
    takes the place of none.

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
            self._file, use_chunking=False, compression=CompressionType.NONE, index_types=IndexType.NONE
        )
        self._writer.start(profile="", library="eegstream")
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
            CodesFileError: the disk took no more.
        """
        try:
            self._append(message)
        except OSError as error:
            raise self._failure(error) from None

    def _append(self, message: Message) -> None:
        if message.topic not in self._channels:
            self._channels[message.topic] = self._writer.register_channel(
                topic=message.topic, message_encoding=_ENCODING, schema_id=0
            )
        time_ns = min(max(0, round(_time_s(message) * 1e9)), _LATEST_NS)
        sequence = 0 if isinstance(message, State) else message.seq
        self._writer.add_message(
            self._channels[message.topic], time_ns, message.to_payload(), time_ns, sequence & 0xFFFF_FFFF
        )
        self._file.flush()
        if time.monotonic() - self._synced_s >= _SYNC_INTERVAL_S:
            os.fsync(self._file.fileno())
            self._synced_s = time.monotonic()

    def _failure(self, error: OSError) -> CodesFileError:
        return CodesFileError(f"{self._path} cannot be written ({error.strerror})", "Give another place with -o")


@contextmanager
def write_codes(path: Path) -> Iterator[CodesWriter]:
    """Write a codes file that appears whole or not at all.

    Raises:
        EegstreamError: the place cannot be written.
    """
    with replacing(path) as unfinished, CodesWriter(unfinished) as writer:
        yield writer


def _time_s(message: Message) -> float:
    """The moment that a message speaks of."""
    if isinstance(message, Codes):
        return message.t[0] if message.t else message.arrived
    if isinstance(message, Gap | End):
        return message.t_from or 0.0
    return message.utc.clock if isinstance(message, Spec) else message.t


class CodesReader:
    """Iterate the messages of a codes file; an unfinished one is read up to its last whole record.

    What a later version wrote beside them is passed over: other kinds, fields, records and channels.

    Raises:
        CodesFileError: the file cannot be opened, or is no codes file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.finished = False
        """Whether the file's end was reached; known after the last message."""

    def __iter__(self) -> Iterator[Message]:
        self.finished = False
        try:
            with self.path.open("rb") as file:
                yield from self._messages(file)
        except OSError as error:
            raise CodesFileError(f"{self.path} cannot be read ({error.strerror})", "Check the path") from None

    def _messages(self, file: IO[bytes]) -> Iterator[Message]:
        encodings: dict[int, str] = {}
        for record in self._records(file):
            if isinstance(record, Channel):
                encodings[record.id] = record.message_encoding
            elif isinstance(record, Record) and encodings.get(record.channel_id) == _ENCODING:
                message = self._parse(record)
                if not isinstance(message, Unknown):
                    yield message
        if encodings and _ENCODING not in encodings.values():
            came = ", ".join(sorted(map(repr, set(encodings.values()))))
            raise CodesFileError(
                f"{self.path.name} is an MCAP file of {came} messages, expected {_ENCODING!r}", _REMEDY
            )

    def _records(self, file: IO[bytes]) -> Iterator[McapRecord]:
        """Every whole record; `finished` tells whether the last one was the file's."""
        known = False
        records = StreamReader(file, record_size_limit=_LONGEST_RECORD).records
        while True:
            try:
                record = next(records)
            except StopIteration:
                self.finished = True
                return
            except (McapError, struct.error, ValueError, KeyError, IndexError) as error:
                if not known:
                    raise CodesFileError(
                        f"{self.path.name} is no codes file ({type(error).__name__}: {error})", _REMEDY
                    ) from None
                return
            known = True
            yield record

    def _parse(self, record: Record) -> Message | Unknown:
        try:
            return parse(record.data)
        except WireError as error:
            raise CodesFileError(f"{self.path.name}: {error.message}", "Write the file again") from None


def read_codes(path: str | Path) -> list[CodedSegment]:
    """Read a codes file: one entry per segment of each stream and epoch, in order of their end.

    Raises:
        CodesFileError: no codes file, or codes without their spec.

    Warns:
        UnfinishedFileWarning: the file ends before its writer did; everything up to its last whole message is there.
    """
    reader = CodesReader(Path(path))
    segments = collect_segments(reader, str(path))
    if not reader.finished:
        warnings.warn(f"{path} is unfinished; its last message may be missing", UnfinishedFileWarning, stacklevel=2)
    return segments
