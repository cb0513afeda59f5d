"""Read the messages of an MCAP file, past damaged places."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Generic, TypeVar

from mcap.opcode import Opcode
from mcap.records import Channel, Chunk, DataEnd, Footer, Header, Message, Statistics

from eegstream.files.damage import Damage, DamageLog
from eegstream.files.mcap_chunks import records_in, unpacked_chunk
from eegstream.files.mcap_parsing import HEAD, LONGEST_RECORD, MAGIC, beginnings, parsed, require_head
from eegstream.files.mcap_source import CutShortError, Source

T = TypeVar("T")
_SUMMED_OF_FOOTER = HEAD.size + 16
"""Bytes of the footer before the checksum that it holds."""


class NoMcapError(Exception):
    """The file does not begin as an MCAP file does."""


@dataclass(frozen=True)
class Located(Generic[T]):
    """A message that was read, and the place of its record or chunk in the file."""

    item: T
    record: Message
    start: int
    end: int


class McapMessages(Generic[T]):
    """Iterate the messages of an MCAP file; what does not fit is noted in `damage` and passed over.

    `read` gives what a message holds, or None to pass over it; it raises ValueError for a damaged message. Its channel
    is None if the file does not describe it.

    Raises:
        NoMcapError: the file is of another format.
    """

    def __init__(self, file: IO[bytes], damage: DamageLog, read: Callable[[Message, Channel | None], T | None]) -> None:
        self._source, self._damage, self._read = Source(file), damage, read
        self.finished = False
        """Whether the end of the file was reached; known after the last message."""
        self.library = ""
        """What wrote the file."""
        self.channels: dict[int, Channel] = {}
        self._counts: Counter[int] = Counter()
        self._place = (0, 0)
        """First byte of the record in hand, and the one after its last."""
        self._in_summary = False

    def __iter__(self) -> Iterator[Located[T]]:
        self._require_header()
        while not self.finished:
            try:
                opcode, content = self._next()
                messages = self._taken(opcode, content)
                self._source.skip(HEAD.size + len(content))
                if opcode == Opcode.DATA_END:
                    self._source.checksum, self._in_summary = 0, True
                elif opcode == Opcode.FOOTER:
                    self._end()
            except CutShortError:
                if not self._recover("a record ends behind the end of the file", is_cut=True):
                    return
            except ValueError as error:
                if not self._recover(str(error), is_cut=False):
                    return
            else:
                for item, record in messages:
                    yield Located(item, record, *self._place)

    def _require_header(self) -> None:
        try:
            if self._source.peek(len(MAGIC)) != MAGIC:
                raise NoMcapError("its first bytes are not those of MCAP")
            self._source.skip(len(MAGIC))
            opcode, _ = self._next()
        except CutShortError:
            raise NoMcapError("it ends within the MCAP header") from None
        except ValueError as error:
            raise NoMcapError(str(error)) from None
        if opcode != Opcode.HEADER:
            raise NoMcapError("it has no MCAP header")

    def _next(self) -> tuple[int, bytes]:
        """Type and content of the next record; the position stays before it."""
        opcode, length = HEAD.unpack(self._source.peek(HEAD.size))
        require_head(opcode, length)
        content = self._source.peek(HEAD.size + length)[HEAD.size :]
        self._place = (self._source.position, self._source.position + HEAD.size + length)
        return opcode, content

    def _taken(self, opcode: int, content: bytes) -> list[tuple[T, Message]]:
        """The messages in a record."""
        record = parsed(opcode, content)
        if isinstance(record, Message):
            item = self._read(record, self.channels.get(record.channel_id))
            self._counts[record.channel_id] += 1
            return [] if item is None else [(item, record)]
        if isinstance(record, Chunk):
            return self._inside(record)
        if isinstance(record, Header):
            self.library = record.library
        elif isinstance(record, Channel):
            if self.channels.setdefault(record.id, record) != record:
                self._note(f"channel {record.id} is described in two ways")
        elif isinstance(record, DataEnd):
            self._compare_checksum("the data", record.data_section_crc, self._source.checksum)
        elif isinstance(record, Statistics):
            self._compare_counts(record)
        elif isinstance(record, Footer):
            self._compare_summary(record)
        return []

    def _inside(self, chunk: Chunk) -> list[tuple[T, Message]]:
        """The messages in a chunk; a damaged one is passed over as a whole."""
        found: list[tuple[T, Message]] = []
        try:
            for opcode, content in records_in(unpacked_chunk(chunk, LONGEST_RECORD)):
                found += self._taken(opcode, content)
        except ValueError as error:
            self._note(str(error))
            return []
        return found

    def _compare_checksum(self, what: str, stated: int, found: int) -> None:
        if stated not in (0, found) and not self._damage:
            self._note(
                f"the checksum of {what} is {found:08x}, expected {stated:08x}; which bytes are wrong is unknown"
            )

    def _compare_counts(self, statistics: Statistics) -> None:
        stated = {number: count for number, count in statistics.channel_message_counts.items() if count}
        if (stated, statistics.message_count) != (dict(self._counts), self._counts.total()) and not self._damage:
            self._note(f"{self._counts.total()} messages were read, expected {statistics.message_count}")

    def _compare_summary(self, footer: Footer) -> None:
        if not self._in_summary:
            self._note("the end of the data is not marked")
            return
        self._compare_checksum("the summary", footer.summary_crc, self._source.checksum_with(_SUMMED_OF_FOOTER))

    def _end(self) -> None:
        """Look at what follows the footer."""
        self._place = (self._source.position, self._source.position + len(MAGIC))
        if self._source.peek(len(MAGIC)) != MAGIC:
            self._note("the file does not end as MCAP files do")
        self._source.skip(len(MAGIC))
        self.finished = True
        content, at = self._source.everything()
        if len(content) > at:
            behind = self._source.position
            self._damage.add(Damage("bytes follow the end of the file", behind, behind + len(content) - at))

    def _recover(self, why: str, *, is_cut: bool) -> bool:
        """Go to the next place where a whole record can be read; False if there is none."""
        content, at = self._source.everything()
        start = self._source.position
        for place, opcode, inner in beginnings(content, at + 1):
            if self._fits(opcode, inner):
                self._damage.add(Damage(why, start, start + place - at), grows=True)
                self._source.skip(place - at)
                return True
        if not is_cut and content[at:].strip(b"\0"):
            self._damage.add(Damage(why, start, start + len(content) - at), grows=True)
        return False

    def _fits(self, opcode: int, content: bytes) -> bool:
        """Whether this is a record, as far as can be told."""
        try:
            require_head(opcode, len(content))
            record = parsed(opcode, content)
            if isinstance(record, Message):
                self._read(record, self.channels.get(record.channel_id))
        except ValueError:
            return False
        return not isinstance(record, Channel) or bool(record.topic.isprintable() and record.message_encoding)

    def _note(self, what: str) -> None:
        self._damage.add(Damage(what, *self._place), grows=True)
