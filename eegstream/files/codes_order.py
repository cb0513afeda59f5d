"""Check that the messages of a codes file follow each other as the wire requires."""

from dataclasses import dataclass

from eegstream.files.damage import Damage, DamageLog
from eegstream.wire.messages import Codes, Event, Gap, Message, Spec, State, Unknown


@dataclass
class _Stream:
    """Where one stream of one run stands."""

    expected: int | None = None
    """The `seq` that comes next; None until a message fixes it."""
    behind_spec: int | None = None
    """The `seq` behind a spec that came first, which may be a repeat."""
    place: tuple[int, int, int] | None = None
    """Epoch, segment and first patch of the next codes; None if they are not known."""
    end: int = 0
    """Where its last message ended in the file."""


class OrderCheck:
    """Notes in `damage` what is missing, repeated or out of place, stream by stream."""

    def __init__(self, damage: DamageLog) -> None:
        self._damage = damage
        self._streams: dict[tuple[str, str], _Stream] = {}

    def accepts(self, message: Message | Unknown, start: int, end: int) -> bool:
        """Note a message between these bytes; whether it can be used."""
        if isinstance(message, State) or message.seq is None:
            return True
        stream = self._streams.setdefault((message.run, message.stream), _Stream())
        is_repeat = self._advance(stream, message, message.seq, start, end)
        stream.end = end
        if is_repeat or isinstance(message, Unknown | Event):
            return True
        fits = self._fits(stream, message)
        if not fits:
            what = f"a {message.kind} message does not continue the patches before it; it was left out"
            self._damage.add(_damage(what, message, message.seq, start, end), grows=True)
        stream.place = _following(message, None if fits else stream.place)
        return fits

    def _advance(self, stream: _Stream, message: Message | Unknown, seq: int, start: int, end: int) -> bool:
        """Count `seq`; whether the message is the repeat of an earlier one."""
        may_repeat = isinstance(message, Spec | Unknown)
        expected = stream.expected
        if expected is None:
            # A recording may begin in the middle of an epoch, with a repeated spec.
            if isinstance(message, Spec):
                stream.behind_spec = seq + 1
            elif not may_repeat:
                stream.place = stream.place if seq == stream.behind_spec else None
                stream.expected = seq + 1
            return False
        if seq < expected and may_repeat:
            return True
        if seq < expected:
            what = f"a message came behind seq {expected - 1}"
            self._damage.add(_damage(what, message, seq, start, end), grows=True)
        elif seq > expected:
            what = "these messages are missing"
            self._damage.add(Damage(what, stream.end, start, message.stream, expected, seq - 1))
        if seq != expected:
            stream.place = None
        stream.expected = seq + 1
        return False

    @staticmethod
    def _fits(stream: _Stream, message: Message) -> bool:
        if stream.place is None or isinstance(message, Spec | State | Event):
            return True
        if isinstance(message, Codes):
            return stream.place == (message.epoch, message.segment, message.first)
        return stream.place[:2] == (message.epoch, message.segment)


def _following(message: Message, instead: tuple[int, int, int] | None) -> tuple[int, int, int] | None:
    """Place of the codes that come after a message, which itself is at `instead` if it states a wrong place."""
    if isinstance(message, Spec):
        return message.epoch, 0, 0
    if isinstance(message, Codes):
        epoch, segment, first = instead or (message.epoch, message.segment, message.first)
        return epoch, segment, first + message.shape[0]
    if isinstance(message, Gap):
        epoch, segment, _ = instead or (message.epoch, message.segment, 0)
        return epoch, segment + 1, 0
    return None


def _damage(what: str, message: Message | Unknown, seq: int, start: int, end: int) -> Damage:
    return Damage(what, start, end, message.stream, seq, seq)
