"""Decode the records of an EDF or BDF file, some at a time.

C signals, R records of S samples a signal.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegstream.files.edf_header import EdfChannel, EdfHeader
from eegstream.files.file_bytes import FileBytes

_BLOCK_BYTES = 1 << 22
"""Read at once; of longer records, only the samples that are asked for are read, signal by signal."""


@dataclass(frozen=True)
class Records:
    """The data part of a file: R whole records."""

    header: EdfHeader
    content: FileBytes
    count: int
    """R."""

    def whole(self, channels: Sequence[EdfChannel]) -> list[NDArray[np.uint8]]:
        """The bytes (R, S * sample size) of each of these signals, in one pass over the file."""
        if self._are_long:
            totals = [self.count * channel.samples for channel in channels]
            parts = [self._part(channel, 0, total) for channel, total in zip(channels, totals, strict=True)]
            return [part.reshape(self.count, -1) for part in parts]
        found = [np.empty((self.count, channel.samples * self.header.sample_bytes), np.uint8) for channel in channels]
        step = max(1, _BLOCK_BYTES // self.header.record_bytes)
        for first in range(0, self.count if channels else 0, step):
            rows = self._rows(first, min(first + step, self.count))
            for own, channel in zip(found, channels, strict=True):
                own[first : first + len(rows)] = self._bytes_of(channel, rows)
        return found

    def physical(self, channels: Sequence[EdfChannel], start: int, stop: int) -> NDArray[np.float64]:
        """Samples (C, stop - start) of signals of one rate, each in the header's unit."""
        samples = channels[0].samples
        first = start // samples
        rows = None if self._are_long else self._rows(first, -(-stop // samples))
        part = slice(start - first * samples, stop - first * samples)
        physical = np.empty((len(channels), stop - start))
        for own, channel in zip(physical, channels, strict=True):
            gain = (channel.physical_max - channel.physical_min) / (channel.digital_max - channel.digital_min)
            if rows is None:
                digital = self.numbers(self._part(channel, start, stop))
            else:
                digital = self.numbers(self._bytes_of(channel, rows))[part]
            own[:] = (digital.astype(np.float64) - channel.digital_min) * gain + channel.physical_min
        return physical

    def numbers(self, stored: NDArray[np.uint8]) -> NDArray[np.int16 | np.int32]:
        """The samples of a signal, as they are stored, of its bytes (n, S * sample size)."""
        raw = np.ascontiguousarray(stored)
        return raw.view("<i2").reshape(-1) if self.header.sample_bytes == 2 else _int24(raw.reshape(-1, 3))

    @property
    def _are_long(self) -> bool:
        return self.header.record_bytes > _BLOCK_BYTES

    def _part(self, channel: EdfChannel, start: int, stop: int) -> NDArray[np.uint8]:
        """The bytes of a signal's samples from `start` up to `stop`."""
        header, width = self.header, self.header.sample_bytes
        parts = []
        for record in range(start // channel.samples, -(-stop // channel.samples)):
            first = record * channel.samples
            origin = header.header_bytes + record * header.record_bytes + channel.first_byte - first * width
            begin, end = max(start, first), min(stop, first + channel.samples)
            parts.append(self.content.read(origin + begin * width, origin + end * width))
        return np.frombuffer(b"".join(parts), np.uint8)

    def _rows(self, first: int, stop: int) -> NDArray[np.uint8]:
        """Whole records (n, bytes in a record)."""
        size, start = self.header.record_bytes, self.header.header_bytes
        content = self.content.read(start + first * size, start + stop * size)
        return np.frombuffer(content, np.uint8).reshape(stop - first, size)

    def _bytes_of(self, channel: EdfChannel, rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return rows[:, channel.first_byte : channel.first_byte + channel.samples * self.header.sample_bytes]


def _int24(triples: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Signed numbers (n,) of little-endian bytes (n, 3)."""
    padded = np.zeros((len(triples), 4), np.uint8)
    padded[:, 1:] = triples
    return padded.view("<i4").reshape(-1) >> 8
