"""What a subscriber did not get: lost messages, and messages that cannot be read."""

from collections import OrderedDict
from dataclasses import dataclass

from eegstream.wire.messages import Message, Spec, State, Unknown

_TELL_S = 1.0
_LONGEST_STREAM = 80
_MOST_STREAMS = 10_000
"""Streams that are kept in mind; a daemon may run for months, with names that change each time."""


@dataclass(frozen=True)
class Loss:
    """Messages of a stream that were sent after this subscriber joined but never came."""

    stream: str
    run: str
    first_seq: int
    count: int


class LossTracker:
    """Tell from `seq` what is missing; pure, one instance per connection."""

    def __init__(self) -> None:
        self._streams: OrderedDict[str, tuple[str, int | None]] = OrderedDict()
        """Run and next expected `seq` of each stream, None until something fixes it; heard last, last."""

    def check(self, message: Message | Unknown) -> Loss | None:
        """Note a message, of a known kind or not; return what was lost before it."""
        run, expected = self._streams.get(message.stream, (message.run, None))
        if run != message.run:
            run, expected = message.run, 0
        loss, expected = self._advance(message, expected)
        self._streams[message.stream] = (run, expected)
        self._streams.move_to_end(message.stream)
        if len(self._streams) > _MOST_STREAMS:
            self._streams.popitem(last=False)
        return loss

    @staticmethod
    def _advance(message: Message | Unknown, expected: int | None) -> tuple[Loss | None, int | None]:
        seq = message.last_seq if isinstance(message, State) else message.seq
        if seq is None:
            return None, expected
        following = seq + 1
        first_new = following if isinstance(message, State) else seq
        if expected is None:
            # A spec may be an old one, repeated for a newcomer, and so may be what later versions have:
            # it does not tell where the stream stands.
            return None, None if isinstance(message, Spec | Unknown) else following
        if first_new <= expected:
            return None, max(expected, following)
        return Loss(message.stream, message.run, expected, first_new - expected), following


@dataclass(frozen=True)
class Damaged:
    """Messages that could not be read. They are passed over; what they were shows in `seq`, as a `Loss`."""

    stream: str
    """As the topic of the last one says; empty if it says nothing usable."""
    why: str
    """What is wrong with the last one."""
    count: int


class DamageCounter:
    """Counts unreadable messages, and tells of them at once, then once a second at most."""

    def __init__(self) -> None:
        self._stream, self._why, self._count = "", "", 0
        self._told_s = float("-inf")

    def note(self, topic: bytes, why: str) -> None:
        """Count one."""
        name = topic.partition(b"/")[0].decode("ascii", "replace")
        self._stream = name if len(name) <= _LONGEST_STREAM and name.isprintable() else ""
        self._why, self._count = why, self._count + 1

    def due(self, now_s: float) -> Damaged | None:
        """What is to be told now."""
        if not self._count or now_s - self._told_s < _TELL_S:
            return None
        damaged = Damaged(self._stream, self._why, self._count)
        self._count, self._told_s = 0, now_s
        return damaged
