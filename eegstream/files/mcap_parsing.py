"""Read single records of MCAP files, and find where one may begin."""

import io
import re
import struct
from collections.abc import Iterator
from typing import Any

from mcap.opcode import Opcode
from mcap.records import Channel, Chunk, DataEnd, Footer, Header, McapRecord, Message, Statistics

from eegstream.files.mcap_source import Content

MAGIC = b"\x89MCAP0\r\n"
HEAD = struct.Struct("<BQ")
"""Type and length, which each record begins with."""
LONGEST_RECORD = 128 * 1024 * 1024
_FIXED_SIZES: dict[int, int] = {Opcode.DATA_END: 4, Opcode.FOOTER: 20}
_TYPES: dict[int, Any] = {
    Opcode.HEADER: Header,
    Opcode.CHANNEL: Channel,
    Opcode.CHUNK: Chunk,
    Opcode.DATA_END: DataEnd,
    Opcode.FOOTER: Footer,
    Opcode.STATISTICS: Statistics,
}
_BEGINNINGS = re.compile(
    rb"(?=\x04.{2}\x00{6}"
    rb"|\x05.{3}[\x00-\x07]\x00{4}.{22}[\x80-\x8f\xde\xdf]"
    rb"|\x0f\x04\x00{7}"
    rb"|\x02\x14\x00{7}.{20}\x89MCAP0\r\n)",
    re.DOTALL,
)
"""A channel, a message with a msgpack map, the end of the data, and the footer with the end of the file."""


def require_head(opcode: int, length: int) -> None:
    """Raise ValueError if no record begins so."""
    if opcode == 0 or length > LONGEST_RECORD:
        raise ValueError(f"a record of type {opcode} and {length} bytes, expected at most {LONGEST_RECORD}")
    if _FIXED_SIZES.get(opcode, length) != length:
        raise ValueError(f"a record of type {opcode} and {length} bytes, expected {_FIXED_SIZES[opcode]}")


def parsed(opcode: int, content: bytes) -> McapRecord | None:
    """The record with this content; None for types that nobody needs here.

    Raises:
        ValueError: the content is damaged.
    """
    stream = Content(io.BytesIO(content))
    try:
        if opcode == Opcode.MESSAGE:
            record: McapRecord | None = Message.read(stream, len(content))
        else:
            record = _TYPES[opcode].read(stream) if opcode in _TYPES else None
    except (struct.error, UnicodeDecodeError) as error:
        raise ValueError(f"a record of type {opcode} cannot be read ({error})") from None
    return record


def beginnings(content: bytes, at: int) -> Iterator[tuple[int, int, bytes]]:
    """Places from `at` on where a record may begin that lies wholly in `content`: place, type and record's content."""
    for match in _BEGINNINGS.finditer(content, at):
        place = match.start()
        opcode, length = HEAD.unpack_from(content, place)
        first = place + HEAD.size
        if length <= LONGEST_RECORD and first + length <= len(content):
            yield place, opcode, content[first : first + length]
