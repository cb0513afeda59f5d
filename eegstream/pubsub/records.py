"""What the daemon tells its publishing process, as bytes of a pipe."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_HEAD = struct.Struct("<cHIq16s")
_NO_RUN = bytes(16)

START = b"B"
"""Bind the addresses of the payload (JSON)."""
PUBLISH = b"P"
SPEC = b"S"
"""Publish, and keep for those who come later."""
OPEN = b"O"
"""Keep a spec for those who come later."""
KEEP = b"K"
"""Keep a message for replays; it was published before."""
FORGET = b"F"
"""The stream's spec is no longer for newcomers."""
REPEAT = b"R"
"""Publish the kept specs again."""
END = b"E"
"""Send what is under way, and end."""


@dataclass(frozen=True, slots=True)
class Record:
    """One order; `seq` is -1 for what has none."""

    kind: bytes
    topic: bytes = b""
    payload: bytes = b""
    seq: int = -1
    run: bytes = _NO_RUN

    @property
    def stream(self) -> bytes:
        """The topic's first part."""
        return self.topic.partition(b"/")[0]

    def to_bytes(self) -> bytes:
        """The record as it goes through the pipe."""
        head = _HEAD.pack(self.kind, len(self.topic), len(self.payload), self.seq, self.run)
        return b"".join((head, self.topic, self.payload))


class Unpacker:
    """Makes records of bytes that come in any pieces."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Record]:
        """The records that are complete with these bytes."""
        self._buffer += data
        start = 0
        while len(self._buffer) - start >= _HEAD.size:
            kind, n_topic, n_payload, seq, run = _HEAD.unpack_from(self._buffer, start)
            topic_at = start + _HEAD.size
            payload_at = topic_at + n_topic
            end = payload_at + n_payload
            if end > len(self._buffer):
                break
            yield Record(kind, bytes(self._buffer[topic_at:payload_at]), bytes(self._buffer[payload_at:end]), seq, run)
            start = end
        del self._buffer[:start]
