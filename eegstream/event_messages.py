"""Put the events of a recording among its messages."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count, pairwise

from eegstream.files.events import FileEvent
from eegstream.wire.messages import Codes, End, Event, Gap, Message, Source, Spec


def with_events(messages: Iterable[Message], events: Sequence[FileEvent]) -> Iterator[Message]:
    """Yield the messages of one recording and its events, in order of time, with `seq` counted anew.

    An event comes before the first message that is later; before a gap or an end, if it lies before the next segment.
    All events come before the last message.
    """
    if not events:
        yield from messages
        return
    waiting = deque(sorted(events, key=lambda event: event.t_s))
    number = count()
    source: Source | None = None
    for message, following in pairwise(chain(messages, [None])):
        assert message is not None  # noqa: S101 - the end stands behind them
        if isinstance(message, Spec):
            source = message.source
        due_s = float("inf") if following is None else _time_s(message)
        while waiting and source is not None and waiting[0].t_s < due_s:
            yield _message(waiting.popleft(), message, source, next(number))
        yield message.model_copy(update={"seq": next(number)})


def _time_s(message: Message) -> float:
    """Events before this time come before the message."""
    if isinstance(message, Codes):
        return message.t[0]
    if isinstance(message, Gap | End):
        until_s = message.t_to if isinstance(message, Gap) else message.t_from
        return float("-inf") if until_s is None else until_s
    return float("-inf")


def _message(event: FileEvent, beside: Message, source: Source, seq: int) -> Event:
    return Event(
        stream=beside.stream,
        run=beside.run,
        epoch=beside.epoch,
        seq=seq,
        t=event.t_s,
        clock_offset=0.0,
        clock_error=0.0,
        duration=event.duration_s,
        label=event.label,
        value=event.value,
        source=source,
    )
