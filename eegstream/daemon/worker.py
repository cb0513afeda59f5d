"""The one thread that turns queued samples into published messages."""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from eegstream.daemon.inbox import Closed, Dropped, Inbox, Item, Opened, Samples
from eegstream.daemon.streams import LiveStream
from eegstream.epoch import Encoder, Epoch, Event, ModelFacts, Pending, Place, SignalOptions, encode_pending
from eegstream.errors import EegstreamError
from eegstream.pipeline import Patch
from eegstream.pubsub.publisher import Publisher
from eegstream.wire.identity import DAEMON
from eegstream.wire.messages import Codes, State, UtcMark

log = logging.getLogger(__name__)

_IDLE_S = 0.05
"""How long an idle worker sleeps at most: newcomers get their specs that soon."""
_STATE_INTERVAL_S = 1.0
_SPEC_INTERVAL_S = 5.0
_BATCH_ROWS = 1024
_MOST_STREAMS = 10_000
"""Streams of a run whose counters are kept; outlets without a source_id are new ones each time."""
_REMEMBER_LOST_S = 600.0


class Worker:
    """Follow every open stream: signal path, encoder, publisher, in this order and without waiting in between.

    `clock` is the daemon's clock in seconds. Nothing but `refused` is touched from other threads.
    """

    def __init__(
        self,
        inbox: Inbox,
        publisher: Publisher,
        encoder: Encoder,
        facts: ModelFacts,
        options: SignalOptions,
        run: str,
        clock: Callable[[], float],
    ) -> None:
        self._inbox, self._publisher, self._encoder = inbox, publisher, encoder
        self._facts, self._options, self._run, self._clock = facts, options, run, clock
        self._streams: dict[str, LiveStream] = {}
        self.refused: dict[str, str] = {}
        """Announced streams that cannot be used, and why; replaced as a whole by the supervisor."""
        self.failure: BaseException | None = None
        self._stop = threading.Event()
        self._next_state_s = self._next_spec_s = clock()
        self._thread = threading.Thread(target=self._run_guarded, name="worker", daemon=True)

    def start(self) -> None:
        """Begin to take what the inbox holds."""
        self._thread.start()

    def finish(self) -> None:
        """Take what is left, close every epoch (`shutdown`), publish, and end the thread."""
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
        except BaseException as failure:  # noqa: BLE001 - told to the supervisor, which ends the process with it
            self.failure = failure

    def step(self, items: list[Item]) -> None:
        """Handle queued items in order, then do what the clock asks for."""
        pending: list[Pending] = []
        for item in items:
            if isinstance(item, Opened):
                self._publish(pending)
                self._open(item)
            else:
                pending += self._follow(item)
                if isinstance(item, Closed):
                    self._publish(pending)
                    self._close(item)
                elif sum(entry.epoch.n_channels for entry in pending) >= _BATCH_ROWS:
                    self._publish(pending)
        self._publish(pending)
        self._keep_house()

    def _follow(self, item: Samples | Dropped | Closed) -> list[Pending]:
        reader = item.reader
        stream = self._streams.get(reader.wire_name)
        if stream is None or stream.reader is not reader or stream.epoch is None:
            return []
        pipeline = stream.epoch.pipeline
        events: list[Event]
        if isinstance(item, Samples):
            stream.note_samples(len(item.stamps_s), item.arrived_s)
            events = pipeline.push(item.raw, item.stamps_s, item.arrived_s)
        elif isinstance(item, Dropped):
            stream.received += item.count
            stream.dropped += item.count
            log.warning("%s: %d samples dropped, the encoder is behind", stream.name, item.count)
            events = pipeline.overflow(item.count)
        else:
            events = pipeline.finish(reader.end_reason)
        clock = reader.clock
        return [
            Pending(stream.epoch, event, clock, event.arrived_s if isinstance(event, Patch) else 0.0)
            for event in events
        ]

    def _open(self, item: Opened) -> None:
        reader, now_s = item.reader, self._clock()
        stream = self._streams.get(reader.wire_name) or LiveStream(reader.wire_name)
        if len(self._streams) >= _MOST_STREAMS and stream.name not in self._streams:
            reader.refusal = f"{_MOST_STREAMS} different streams came in this run; start the daemon again"
            reader.stop("gone")
            return
        place = Place(stream.name, self._run, stream.epochs, stream.next_seq)
        try:
            epoch = Epoch(item.geometry, self._facts, self._options, place)
        except EegstreamError as error:
            reader.refusal = str(error)
            log.warning("%s refused: %s", stream.name, error)
            reader.stop("gone")
            return
        self._streams[stream.name] = stream
        stream.open_epoch(reader, epoch, now_s)
        iso = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._publisher.publish(epoch.spec(UtcMark(iso=iso, clock=now_s)))
        log.info(
            "%s epoch %d: %d of %d channels at %g Hz",
            stream.name,
            stream.epochs - 1,
            epoch.n_channels,
            len(item.geometry.labels),
            epoch.rate_hz,
        )

    def _close(self, item: Closed) -> None:
        stream = self._streams.get(item.reader.wire_name)
        if stream is None or stream.reader is not item.reader:
            return
        self._publisher.forget(stream.name)
        stream.close_epoch(item.why, self._clock())
        log.info("%s epoch %d ended: %s", stream.name, stream.epochs - 1, item.why)

    def _publish(self, pending: list[Pending]) -> None:
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
        refused = self.refused
        told = [
            stream.state(self._run, now_s, refused.get(stream.name))
            for stream in self._streams.values()
            if stream.epoch is not None or stream.name in refused or now_s - stream.changed_s < _REMEMBER_LOST_S
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
