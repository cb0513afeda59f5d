"""The worker thread that turns queued samples into published messages."""

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Protocol

from eegstream.codec.facts import ModelFacts
from eegstream.daemon.inbox import Closed, Dropped, Inbox, Item, Opened, Samples
from eegstream.daemon.streams import LiveStream
from eegstream.epoch import Epoch, MessageContext, follow_stream
from eegstream.errors import EegstreamError
from eegstream.events import Patch
from eegstream.following import Following, Happened
from eegstream.following import Opened as EpochOpened
from eegstream.lsl.reader import Reader
from eegstream.pending import Encoder, PendingEvent, encode_pending
from eegstream.pubsub.publisher import Publisher
from eegstream.stream import SignalOptions
from eegstream.wire.identity import DAEMON
from eegstream.wire.messages import Codes, Source, State, UtcMark

log = logging.getLogger(__name__)

_IDLE_S = 0.05
"""Longest sleep of an idle worker: new subscribers get their specs within this time."""
_STATE_INTERVAL_S = 1.0
_SPEC_INTERVAL_S = 5.0
_BATCH_ROWS = 1024
_MOST_STREAMS = 10_000
"""Most streams of a run whose counters are kept; an outlet without a source_id can be a new stream each time."""
_REMEMBER_LOST_S = 600.0


class ModelEncoder(Encoder, Protocol):
    """An encoder that also states its model; `codec.engine.Engine` in the product."""

    @property
    def facts(self) -> ModelFacts:
        """Which bundle encodes, and on which device."""


class Worker:
    """Process every open stream: signal path, encoder, publisher, in this order and without waiting in between.

    `options_of` gives the user's options for a stream, `refused` the announced streams that are not taken and why,
    `clock` the daemon's clock in seconds.
    """

    def __init__(
        self,
        inbox: Inbox,
        publisher: Publisher,
        encoder: ModelEncoder,
        options_of: Callable[[Source], SignalOptions],
        refused: Callable[[], Mapping[str, str]],
        run: str,
        clock: Callable[[], float],
    ) -> None:
        self._inbox, self._publisher, self._encoder = inbox, publisher, encoder
        self._options_of, self._refused, self._run, self._clock = options_of, refused, run, clock
        self._streams: dict[str, LiveStream] = {}
        self.failure: BaseException | None = None
        self._stop = threading.Event()
        self._next_state_s = self._next_spec_s = clock()
        self._thread = threading.Thread(target=self._run_guarded, name="worker", daemon=True)

    def start(self) -> None:
        """Start the thread that takes items from the inbox."""
        self._thread.start()

    def finish(self) -> None:
        """Take the remaining items, close every epoch (`shutdown`), publish, and end the thread."""
        self._stop.set()
        self._thread.join()

    def _run_guarded(self) -> None:
        try:
            while not self._stop.is_set():
                self.step(self._inbox.take(_IDLE_S))
            self.step(self._inbox.take(0.0))
            for stream in self._streams.values():
                if stream.reader is not None:
                    self.step([Closed(stream.reader, "shutdown")])
        except BaseException as failure:  # noqa: BLE001 - passed to the main loop, which ends the process with it
            self.failure = failure

    def step(self, items: list[Item]) -> None:
        """Handle queued items in order, then publish what is due by the clock."""
        pending: list[PendingEvent] = []
        for item in items:
            if isinstance(item, Opened):
                self._attach(item)
                continue
            stream = self._streams.get(item.reader.wire_name)
            if stream is None or stream.reader is not item.reader or stream.following is None:
                continue
            try:
                steps = self._follow(item, stream, stream.following)
            except EegstreamError as error:
                # The stated rate suited the settings; the measured rate does not.
                log.warning("%s: %s", stream.name, error)
                item.reader.stop("gone")
                stream.detach(str(error), self._clock())
                continue
            self._take(steps, item.reader, stream, pending)
            if isinstance(item, Closed):
                self._publish(pending)
                self._detach(item, stream)
        self._publish(pending)
        self._keep_house()

    def _follow(
        self, item: Samples | Dropped | Closed, stream: LiveStream, following: Following[Epoch]
    ) -> list[EpochOpened[Epoch] | Happened[Epoch]]:
        if isinstance(item, Samples):
            stream.note_samples(len(item.timestamps_s), item.arrived_s)
            return following.push(item.raw, item.timestamps_s, item.arrived_s)
        if isinstance(item, Dropped):
            stream.received += item.count
            stream.dropped += item.count
            log.warning("%s: %d samples dropped, the encoder is behind", stream.name, item.count)
            return following.overflow(item.count)
        return following.finish(item.reader.end_reason)

    def _take(
        self,
        steps: list[EpochOpened[Epoch] | Happened[Epoch]],
        reader: Reader,
        stream: LiveStream,
        pending: list[PendingEvent],
    ) -> None:
        """Announce epochs, and gather their events until there are enough for a batch."""
        for step in steps:
            if isinstance(step, EpochOpened):
                self._publish(pending)
                self._announce(step.followed, stream)
                continue
            event = step.event
            arrived_s = event.arrived_s if isinstance(event, Patch) else 0.0
            pending.append(PendingEvent(step.followed, event, reader.clock, arrived_s))
            if sum(entry.epoch.n_channels for entry in pending) >= _BATCH_ROWS:
                self._publish(pending)

    def _attach(self, item: Opened) -> None:
        reader, now_s = item.reader, self._clock()
        stream = self._streams.get(reader.wire_name) or LiveStream(reader.wire_name)
        if len(self._streams) >= _MOST_STREAMS and stream.name not in self._streams:
            log.warning("%s: %d streams came in this run; start the daemon again", stream.name, _MOST_STREAMS)
            reader.stop("gone")
            return

        def context() -> MessageContext:
            return MessageContext(stream.name, self._run, stream.epochs, stream.next_seq)

        options = self._options_of(item.geometry.source)
        following = follow_stream(item.geometry, self._encoder.facts, options, context)
        self._streams[stream.name] = stream
        stream.attach(reader, following, now_s)

    def _announce(self, epoch: Epoch, stream: LiveStream) -> None:
        stream.epochs += 1
        iso = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._publisher.publish(epoch.spec(UtcMark(iso=iso, clock=self._clock())))
        log.info("%s epoch %d: %s", stream.name, stream.epochs - 1, epoch.summary)

    def _detach(self, item: Closed, stream: LiveStream) -> None:
        self._publisher.forget(stream.name)
        stream.detach(item.why, self._clock())
        log.info("%s epoch %d ended: %s", stream.name, stream.epochs - 1, item.why)

    def _publish(self, pending: list[PendingEvent]) -> None:
        """Encode and send what is pending, and empty the list."""
        for message in encode_pending(pending, self._encoder):
            self._publisher.publish(message)
            if isinstance(message, Codes):
                stream = self._streams[message.stream]
                stream.encoded += message.shape[0] * message.shape[1]
                stream.lag_s = self._clock() - message.arrived
        pending.clear()

    def _keep_house(self) -> None:
        self._publisher.welcome_newcomers()
        now_s = self._clock()
        if now_s >= self._next_spec_s:
            self._publisher.repeat_specs()
            self._next_spec_s = now_s + _SPEC_INTERVAL_S
        if now_s >= self._next_state_s:
            for state in self._states(now_s):
                self._publisher.publish(state)
            self._next_state_s = now_s + _STATE_INTERVAL_S

    def _states(self, now_s: float) -> list[State]:
        refused = self._refused()
        told = [
            stream.state(self._run, now_s, refused.get(stream.name))
            for stream in self._streams.values()
            if stream.following is not None or stream.name in refused or now_s - stream.changed_s < _REMEMBER_LOST_S
        ]
        told += [
            LiveStream(name).state(self._run, now_s, why) for name, why in refused.items() if name not in self._streams
        ]
        return [*told, self._own_state(now_s)]

    def _own_state(self, now_s: float) -> State:
        streams = self._streams.values()
        lags = [stream.lag_s for stream in streams if stream.epoch is not None and stream.lag_s is not None]
        return State(
            stream=DAEMON,
            run=self._run,
            epoch=0,
            last_seq=None,
            status="live",
            why=None,
            received=sum(stream.received for stream in streams),
            encoded=sum(stream.encoded for stream in streams),
            lag_s=max(lags, default=None),
            dropped=sum(stream.dropped for stream in streams),
            segment=None,
            t=now_s,
            rate_measured_hz=None,
        )
