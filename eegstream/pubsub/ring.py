"""The newest messages of all streams, for subscribers that missed some. Pure."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from eegstream.pubsub.records import Record

KEEP_S = 60.0
_OVERHEAD_BYTES = 300
"""Of a kept message, beside its payload."""


@dataclass(frozen=True)
class Kept:
    """Which messages of a stream are there: `oldest_seq` to `newest_seq`."""

    oldest_seq: int
    newest_seq: int


class Ring:
    """Keeps the sequenced messages of the last 60 s, in `most_bytes` for all streams together.

    Of each stream and run, `seq` runs on without holes; so what is kept is a range.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes, self._bytes = most_bytes, 0
        self._streams: dict[tuple[bytes, bytes], deque[Record]] = {}
        self._order: deque[tuple[float, tuple[bytes, bytes]]] = deque()
        """When a message came, and whose it is."""

    def add(self, record: Record, now_s: float) -> None:
        """Keep a message; a repeated one is not kept twice."""
        if record.seq < 0 or self._most_bytes <= 0:
            return
        key = record.stream, record.run
        kept = self._streams.setdefault(key, deque())
        if kept and record.seq != kept[-1].seq + 1:
            if record.seq <= kept[-1].seq:
                return
            self._drop_all(key)
            kept = self._streams.setdefault(key, deque())
        kept.append(record)
        self._order.append((now_s, key))
        self._bytes += len(record.payload) + _OVERHEAD_BYTES
        while self._bytes > self._most_bytes or now_s - self._order[0][0] > KEEP_S:
            self._drop_oldest()

    def kept(self, stream: bytes, run: bytes) -> Kept | None:
        """The range that is there of a stream in a run; None if there is nothing."""
        records = self._streams.get((stream, run))
        return Kept(records[0].seq, records[-1].seq) if records else None

    def since(self, stream: bytes, run: bytes, first_seq: int) -> Iterator[bytes]:
        """The payloads from `first_seq` on, as far as they are there without a hole."""
        records = self._streams.get((stream, run))
        if not records or first_seq < records[0].seq:
            return
        for place in range(first_seq - records[0].seq, len(records)):
            yield records[place].payload

    def records(self) -> Iterator[Record]:
        """All that is kept, each stream in its order."""
        for records in self._streams.values():
            yield from records

    def _drop_oldest(self) -> None:
        _, key = self._order.popleft()
        records = self._streams.get(key)
        if records:
            self._bytes -= len(records.popleft().payload) + _OVERHEAD_BYTES
            if not records:
                del self._streams[key]

    def _drop_all(self, key: tuple[bytes, bytes]) -> None:
        for record in self._streams.pop(key):
            self._bytes -= len(record.payload) + _OVERHEAD_BYTES
        self._order = deque(entry for entry in self._order if entry[1] != key)
