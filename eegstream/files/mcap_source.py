"""Read an MCAP file forwards, with its position and checksum; what was peeked at can be searched."""

import zlib
from typing import IO

from mcap.data_stream import ReadDataStream


class CutShortError(Exception):
    """The file ends within a record."""


class Source:
    """The bytes of a file, in order. Works for pipes, too."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._kept = b""
        self._kept_from = 0
        """Offset in the file of the first kept byte."""
        self.position = 0
        self.checksum = 0
        """CRC-32 of the bytes up to the position, since the beginning or since it was set to 0."""

    def peek(self, length: int) -> bytes:
        """The next bytes; the position stays.

        Raises:
            CutShortError: there are not so many.
        """
        at = self.position - self._kept_from
        missing = at + length - len(self._kept)
        if missing > 0:
            self._kept, self._kept_from, at = self._kept[at:] + self._file.read(missing), self.position, 0
        if len(self._kept) < at + length:
            raise CutShortError
        return self._kept[at : at + length]

    def everything(self) -> tuple[bytes, int]:
        """Bytes that contain all of the file from the position on, and the index there of the position."""
        at = self.position - self._kept_from
        more = self._file.read()
        if more:
            self._kept, self._kept_from, at = self._kept[at:] + more, self.position, 0
        return self._kept, at

    def checksum_with(self, length: int) -> int:
        """The checksum as it will be `length` bytes later, which were peeked at."""
        at = self.position - self._kept_from
        return zlib.crc32(memoryview(self._kept)[at : at + length], self.checksum)

    def skip(self, length: int) -> None:
        """Go on behind `length` bytes that were peeked at."""
        self.checksum = self.checksum_with(length)
        self.position += length


class Content(ReadDataStream):
    """The content of a record, which ends where the record does."""

    def read(self, length: int) -> bytes:
        """The next bytes.

        Raises:
            ValueError: the record has fewer.
        """
        content = self._stream.read(length)
        self._count += len(content)
        if len(content) < length:
            raise ValueError("the fields of a record are longer than the record")
        return content
