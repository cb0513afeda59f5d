"""Turn what the readers bring into published messages: signal path, encoder, publisher, in this order.

Not to be used by two threads at a time.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from eegstream.codec.facts import ModelFacts
from eegstream.daemon.figures import Figures
from eegstream.daemon.inbox import Closed, Dropped, Item, Opened
from eegstream.daemon.past import PastStreams
from eegstream.daemon.streams import LiveStream
from eegstream.daemon.telling import tell_begin, tell_dropped, tell_end, tell_no_codes, tell_refused
from eegstream.daemon.waiting import Together, Work, together
from eegstream.epoch import Epoch, MessageContext, follow_stream
from eegstream.errors import CodesError, EegstreamError
from eegstream.events import Patch
from eegstream.following import Following, Happened
from eegstream.following import Opened as EpochOpened
from eegstream.lsl.reader import Reader
from eegstream.pending import Encoder, PendingEvent, encode_patches
from eegstream.stream import SignalOptions, StreamGeometry
from eegstream.wire.messages import Codes, End, Gap, Message, Source, UtcMark

_BATCH_ROWS = 1024
Step = EpochOpened[Epoch] | Happened[Epoch]


class ModelEncoder(Encoder, Protocol):
    """An encoder that also states its model; `codec.engine.Engine` in the product."""

    @property
    def facts(self) -> ModelFacts:
        """Which bundle encodes, and on which device."""


class Outlet(Protocol):
    """Takes messages for the subscribers; `pubsub.publisher.Publisher` in the product."""

    def publish(self, message: Message) -> None:
        """Send a message to whoever listens."""

    def forget(self, stream: str) -> None:
        """Repeat the stream's spec no more; its epoch is over."""


class Processor:
    """The open streams of a run, and what becomes of their samples.

    `options_of` gives the user's options for a stream, `clock` the daemon's clock in seconds.
    """

    def __init__(
        self,
        publisher: Outlet,
        encoder: ModelEncoder,
        options_of: Callable[[Source], SignalOptions],
        run: str,
        clock: Callable[[], float],
        figures: Figures | None = None,
    ) -> None:
        self._publisher, self._encoder, self.figures = publisher, encoder, figures or Figures()
        self._options_of, self.run, self._clock = options_of, run, clock
        self.streams: dict[str, LiveStream] = {}
        """By wire name: those that are read, and the last ones that were lost."""
        self.past = PastStreams()
        self._items: deque[Work] = deque()
        """Taken from the inbox, not handled yet."""
        self._pending: list[PendingEvent] = []
        """In the order in which they go out; some may be at the encoder."""

    @property
    def channels(self) -> int:
        """Channels of the open epochs."""
        return sum(stream.epoch.n_channels for stream in self.streams.values() if stream.epoch is not None)

    def handle(self, items: Iterable[Item]) -> None:
        """Handle queued items, those of each stream in order; publish all that they complete."""
        self._items.extend(together(items))
        while self._items:
            self._handle(self._items.popleft())
        self._publish()

    def close(self) -> None:
        """Close every epoch (`shutdown`)."""
        for stream in self.streams.values():
            if stream.reader is not None:
                self.handle([Closed(stream.reader, "shutdown")])

    def abandon(self, items: Iterable[Item]) -> None:
        """Close every epoch without the encoder. Nothing may be handled afterwards.

        Patches without codes end their segments; samples among `items` count as dropped.
        """
        left: Counter[Reader] = Counter()
        for item in (*self._items, *together(items)):
            if isinstance(item, Together | Dropped):
                left[item.reader] += item.count
        self._items.clear()
        self._give_up()
        for reader, count in left.items():
            self._handle(Dropped(reader, count))
            self._give_up()
        for stream in self.streams.values():
            if stream.reader is not None and stream.following is not None:
                self._take(stream.following.finish("shutdown"), stream.reader, stream)
                self._give_up()

    def reopen(self) -> None:
        """Note that the encoder's facts changed: every epoch ends (`replaced`), and the next one tells them.

        Patches that still wait for codes get none.
        """
        self._give_up()
        for stream in self.streams.values():
            if stream.reader is None or stream.following is None or stream.geometry is None:
                continue
            self._take(stream.following.finish("replaced"), stream.reader, stream)
            self._give_up()
            stream.attach(stream.reader, self._follow_outlet(stream, stream.geometry), stream.geometry, self._clock())

    def _handle(self, item: Work) -> None:
        if isinstance(item, Opened):
            self._attach(item)
            return
        stream = self.streams.get(item.reader.wire_name)
        if stream is None or stream.reader is not item.reader or stream.following is None:
            return
        try:
            steps = self._follow(item, stream, stream.following)
        except EegstreamError as error:
            # The stated rate suited the settings; the measured rate does not.
            tell_refused(stream.name, str(error))
            item.reader.stop("gone")
            stream.detach(str(error), self._clock())
            self.past.retire(self.streams)
            return
        self._take(steps, item.reader, stream)
        if isinstance(item, Closed):
            self._publish()
            self._detach(item, stream)

    def _follow(self, item: Together | Dropped | Closed, stream: LiveStream, following: Following[Epoch]) -> list[Step]:
        if isinstance(item, Together):
            for chunk in item.chunks:
                stream.note_samples(len(chunk.timestamps_s), chunk.arrived_s)
            with self.figures.taking(item.count, self._clock() - item.chunks[0].arrived_s):
                return following.push(item.raw, item.timestamps_s, item.arrived_s)
        if isinstance(item, Dropped):
            stream.note_dropped(item.count, self._clock())
            self.figures.note_dropped(item.count)
            tell_dropped(stream.name, item.count)
            return following.overflow(item.count)
        return following.finish(item.reader.end_reason)

    def _take(self, steps: list[Step], reader: Reader, stream: LiveStream) -> None:
        """Announce epochs, and gather their events until there are enough for a batch."""
        for step in steps:
            if isinstance(step, EpochOpened):
                self._publish()
                self._announce(step.followed, stream)
                continue
            event = step.event
            arrived_s = event.arrived_s if isinstance(event, Patch) else 0.0
            self._pending.append(PendingEvent(step.followed, event, reader.clock, arrived_s))
            if sum(entry.epoch.n_channels for entry in self._pending) >= _BATCH_ROWS:
                self._publish()

    def _attach(self, item: Opened) -> None:
        reader, now_s = item.reader, self._clock()
        stream = self.streams.get(reader.wire_name) or self.past.recall(reader.wire_name)
        self.streams[stream.name] = stream
        stream.attach(reader, self._follow_outlet(stream, item.geometry), item.geometry, now_s)

    def _follow_outlet(self, stream: LiveStream, geometry: StreamGeometry) -> Following[Epoch]:
        def context() -> MessageContext:
            return MessageContext(stream.name, self.run, stream.epochs, stream.next_seq)

        options = self._options_of(geometry.source)
        return follow_stream(geometry, self._encoder.facts, options, context)

    def _announce(self, epoch: Epoch, stream: LiveStream) -> None:
        stream.epochs += 1
        iso = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._publisher.publish(epoch.spec(UtcMark(iso=iso, clock=self._clock())))
        tell_begin(stream.name, stream.epochs - 1, epoch)

    def _detach(self, item: Closed, stream: LiveStream) -> None:
        self._publisher.forget(stream.name)
        stream.detach(item.why, self._clock())
        self.past.retire(self.streams)
        tell_end(stream.name, stream.epochs - 1, item.why)

    def _publish(self) -> None:
        """Encode and send what is pending."""
        while self._pending:
            batch = self._pending = [item for item in self._pending if not item.is_lost]
            try:
                codes = encode_patches(batch, self._encoder)
            except CodesError:
                self._publish_one_by_one()
                continue
            self._pending = []
            for item, found in zip(batch, codes, strict=True):
                self._send(item, item.message(found))

    def _publish_one_by_one(self) -> None:
        """Send what is pending; each patch that the encoder has no valid codes for ends its segment."""
        for _ in range(len(self._pending)):
            item = self._pending[0]
            if isinstance(item.event, Patch) and not item.is_lost:
                try:
                    (codes,) = encode_patches([item], self._encoder)
                except CodesError as error:
                    self._lose(item, item.event, str(error))
                else:
                    self._send(item, item.message(codes))
            elif not item.is_lost:
                self._send(item, item.message(None))
            del self._pending[0]

    def _give_up(self) -> None:
        """Send what is pending without codes: the ends of segments."""
        while self._pending:
            batch, self._pending = self._pending, []
            for item in batch:
                if isinstance(item.event, Patch):
                    self._lose(item, item.event, "the encoder was given up")
                else:
                    self._send(item, item.message(None))

    def _lose(self, item: PendingEvent, patch: Patch, why: str) -> None:
        """End the segment of a patch that gets no codes."""
        if item.is_lost:
            return
        tell_no_codes(item.epoch.stream, patch.segment, why)
        self.streams[item.epoch.stream].note_no_codes(why, self._clock())
        self._pending += [replace(item, event=event) for event in item.epoch.lose(patch)]

    def _send(self, item: PendingEvent, message: Codes | Gap | End) -> None:
        self._publisher.publish(message)
        if isinstance(message, Codes) and isinstance(item.event, Patch):
            stream = self.streams[message.stream]
            stream.encoded += message.shape[0] * message.shape[1]
            stream.age.note(item.event.needed_s, item.clock, item.arrived_s, self._clock())
            self.figures.note_lag(stream.age.lag_s, stream.age.source_s)
