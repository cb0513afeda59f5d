"""The counters of streams that left, in bounded memory."""

import itertools
from collections import OrderedDict
from dataclasses import dataclass

from eegstream.daemon.streams import LiveStream

_MOST_LOST = 100
"""Lost streams that are still told of."""
_MOST_NAMES = 10_000
"""Names of a run whose counters are kept; an outlet without a source_id can be a new stream each time."""


@dataclass(frozen=True, slots=True)
class Counters:
    """What goes on when a stream returns."""

    epochs: int = 0
    next_seq: int = 0
    received: int = 0
    encoded: int = 0
    dropped: int = 0


class PastStreams:
    """Streams that left long ago: their counters, and less of those that left longest ago.

    A `seq` must never be used twice by one stream of a run. So the names that are forgotten leave one pair of numbers
    behind, the highest that any of them had reached, and every name that is not known begins there.
    """

    def __init__(self) -> None:
        self._by_name: OrderedDict[str, Counters] = OrderedDict()
        self._floor = Counters()
        self.total = Counters()
        """Samples and codes of all streams that are not in use now, the forgotten ones, too."""

    def __len__(self) -> int:
        return len(self._by_name)

    def recall(self, name: str) -> LiveStream:
        """A stream that comes: with its old counters, if they are known."""
        known = self._by_name.pop(name, None)
        counters = known or self._floor
        self._count(counters, -1)
        return LiveStream(
            name,
            epochs=counters.epochs,
            received=counters.received,
            encoded=counters.encoded,
            dropped=counters.dropped,
            last_seq=counters.next_seq - 1 if known is not None and known.next_seq else None,
            _sequence=itertools.count(counters.next_seq),
        )

    def retire(self, streams: dict[str, LiveStream]) -> None:
        """Take those out of `streams` that have been lost for longest, if there are many."""
        lost = [stream for stream in streams.values() if stream.following is None]
        lost.sort(key=lambda stream: stream.changed_s)
        for stream in lost[: max(0, len(lost) - _MOST_LOST)]:
            del streams[stream.name]
            self._keep(stream)

    def _keep(self, stream: LiveStream) -> None:
        next_seq = self._floor.next_seq if stream.last_seq is None else stream.last_seq + 1
        counters = Counters(stream.epochs, next_seq, stream.received, stream.encoded, stream.dropped)
        self._count(counters, 1)
        self._by_name[stream.name] = counters
        if len(self._by_name) > _MOST_NAMES:
            _, oldest = self._by_name.popitem(last=False)
            self._floor = Counters(max(self._floor.epochs, oldest.epochs), max(self._floor.next_seq, oldest.next_seq))

    def _count(self, counters: Counters, sign: int) -> None:
        total = self.total
        self.total = Counters(
            received=total.received + sign * counters.received,
            encoded=total.encoded + sign * counters.encoded,
            dropped=total.dropped + sign * counters.dropped,
        )
