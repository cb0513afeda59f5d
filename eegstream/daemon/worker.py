"""The worker thread: takes what the readers bring, has it processed, and tells the states by the clock."""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from eegstream.daemon.inbox import Inbox, Item
from eegstream.daemon.live_encoder import LiveEncoder
from eegstream.daemon.markers import MarkerStreams
from eegstream.daemon.processing import Processor
from eegstream.daemon.states import changed_states, states
from eegstream.errors import DeviceLostError
from eegstream.wire.messages import Message

log = logging.getLogger(__name__)

_TAKE_OVER_S = 0.2
_IDLE_S = 0.05
"""Longest sleep of an idle worker: new subscribers get their specs within this time."""
_STATE_INTERVAL_S = 1.0
_SPEC_INTERVAL_S = 5.0


class RepeatingPublisher(Protocol):
    """Sends messages, and specs again; `pubsub.publisher.Publisher` in the product."""

    def publish(self, message: Message) -> None:
        """Send a message to whoever listens."""

    def repeat_specs(self) -> None:
        """Send the specs of the open epochs again."""

    def welcome_newcomers(self) -> None:
        """Send specs to new subscribers."""


class Worker:
    """Runs the processor and its publisher, which nobody else may use meanwhile.

    `encoder` is the processor's; `markers` are published beside. `refused` gives the announced streams that are not
    taken and why, `clock` the daemon's clock in seconds.
    """

    def __init__(
        self,
        inbox: Inbox,
        processor: Processor,
        encoder: LiveEncoder,
        publisher: RepeatingPublisher,
        refused: Callable[[], Mapping[str, str]],
        clock: Callable[[], float],
        markers: MarkerStreams | None = None,
    ) -> None:
        self._markers = markers
        self._inbox, self._processor, self._publisher = inbox, processor, publisher
        self._encoder = encoder
        self._refused, self._run, self._clock = refused, processor.run, clock
        self.failure: BaseException | None = None
        self.moved_s = clock()
        """When the thread last came to its next round, or to the next batch."""
        self._stop = threading.Event()
        self._next_state_s = self._next_spec_s = clock()
        self._thread = threading.Thread(target=self._run_guarded, name="worker", daemon=True)

    def start(self) -> None:
        """Start the thread that takes items from the inbox."""
        self._thread.start()

    def finish(self, timeout_s: float) -> None:
        """Take the remaining items, close every epoch (`shutdown`), publish, and end the thread.

        If that takes longer than `timeout_s`, every epoch is closed without the encoder.
        """
        self._stop.set()
        self._thread.join(timeout_s)
        if not self._thread.is_alive():
            return
        if self._encoder.turn.acquire(timeout=_TAKE_OVER_S):
            log.error("the encoder did not return in time; streams end without it")
            self._abandon()
        else:
            log.error("the worker hangs; streams have no end")

    def _run_guarded(self) -> None:
        with self._encoder.turn:
            try:
                while not self._stop.is_set():
                    self._step(self._inbox.take(_IDLE_S, self._clock))
                self._step(self._inbox.take(0.0, self._clock))
                self._processor.close()
                self._publish_markers()
                self._publisher.welcome_newcomers()
            except BaseException as failure:  # noqa: BLE001 - passed to the main loop, which ends the process with it
                self.failure = failure
                self._abandon()

    def _abandon(self) -> None:
        try:
            self._processor.abandon(self._inbox.take(0.0, self._clock))
        except Exception:
            log.exception("not every stream could be ended")

    def _step(self, items: list[Item]) -> None:
        """Have queued items processed, then publish what is due by the clock."""
        try:
            self._processor.handle(items)
        except DeviceLostError as error:
            if not self._encoder.use_spare():
                raise
            log.error("%s; another encoder takes its place", error)  # noqa: TRY400 - the error says it all
            self._processor.reopen()
        self._publish_markers()
        self._publisher.welcome_newcomers()
        now_s = self.moved_s = self._clock()
        if now_s >= self._next_spec_s:
            self._publisher.repeat_specs()
            self._next_spec_s = now_s + _SPEC_INTERVAL_S
        if now_s >= self._next_state_s:
            told = states(self._processor.streams, self._processor.past.total, self._refused(), self._run, now_s)
            self._next_state_s = now_s + _STATE_INTERVAL_S
            told += self._markers.states(now_s) if self._markers is not None else []
            self._processor.figures.note_states(told, self._processor.channels)
        else:
            told = changed_states(self._processor.streams, self._refused(), self._run, now_s)
        for state in told:
            self._publisher.publish(state)

    def _publish_markers(self) -> None:
        for message in self._markers.due() if self._markers is not None else []:
            self._publisher.publish(message)
