"""Unpack chunks of MCAP files; memory stays within the size that is allowed."""

import io
import zlib
from collections.abc import Iterator
from typing import Any

import lz4.frame  # type: ignore[import-untyped]
import zstandard
from mcap.opcode import Opcode
from mcap.records import Chunk

from eegstream.files.mcap_parsing import HEAD


def unpacked_chunk(chunk: Chunk, most_bytes: int) -> bytes:
    """The records inside a chunk, with its checksum verified.

    Raises:
        ValueError: the chunk is damaged, too large or packed in an unknown way.
    """
    size = chunk.uncompressed_size
    if size > most_bytes:
        raise ValueError(f"a chunk of {size} bytes, expected at most {most_bytes}")
    try:
        content = _unpacked(chunk, size + 1)
    except (zstandard.ZstdError, RuntimeError, EOFError) as error:
        raise ValueError(f"a chunk cannot be unpacked: {error}") from None
    if len(content) != size:
        raise ValueError(f"a chunk that states {size} bytes unpacks to {len(content)} or more")
    if chunk.uncompressed_crc not in (0, zlib.crc32(content)):
        raise ValueError(f"a chunk with the checksum {zlib.crc32(content):08x}, expected {chunk.uncompressed_crc:08x}")
    return content


def _unpacked(chunk: Chunk, most_bytes: int) -> bytes:
    packed: bytes = chunk.data
    if chunk.compression == "":
        return packed
    if chunk.compression == "zstd":
        with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(packed)) as reader:
            return reader.read(most_bytes)
    if chunk.compression == "lz4":
        unpacker: Any = lz4.frame.LZ4FrameDecompressor()
        return bytes(unpacker.decompress(packed, max_length=most_bytes))
    raise ValueError(f"a chunk is packed with {chunk.compression!r}, expected zstd, lz4 or none")


def records_in(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and content of each record of an unpacked chunk.

    Raises:
        ValueError: they do not fill the chunk.
    """
    at = 0
    while at < len(content):
        opcode, length = HEAD.unpack(content[at : at + HEAD.size].ljust(HEAD.size, b"\0"))
        first, at = at + HEAD.size, at + HEAD.size + length
        if at > len(content) or opcode == Opcode.CHUNK:
            raise ValueError("the records in a chunk do not fit into it")
        yield opcode, content[first:at]
