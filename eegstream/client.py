"""What a subscriber needs: typed messages of a running daemon, and word of every loss. No torch, no LSL.

from eegstream.client import Codes, Subscriber

with Subscriber() as subscriber:
    for message in subscriber:
        if isinstance(message, Codes):
            print(message.stream, message.first, message.array.shape)
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType

import zmq

from eegstream.errors import EegstreamError
from eegstream.wire.identity import DEFAULT_URL
from eegstream.wire.messages import Codes, End, Gap, Message, Spec, State, Unknown
from eegstream.wire.parsing import WireError, parse

__all__ = ["DEFAULT_URL", "Codes", "End", "Gap", "Loss", "Message", "Spec", "State", "Subscriber", "WireError"]

_RECEIVE_HWM = 10_000
_POLL_S = 0.2


class ConnectError(EegstreamError):
    """The address cannot be connected to."""


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
        self._streams: dict[str, tuple[str, int | None]] = {}
        """Run and next expected `seq` of each stream; None until something fixes it."""

    def check(self, message: Message | Unknown) -> Loss | None:
        """Note a message, of a known kind or not; return what was lost before it."""
        run, expected = self._streams.get(message.stream, (message.run, None))
        if run != message.run:
            run, expected = message.run, 0
        loss, expected = self._advance(message, expected)
        self._streams[message.stream] = (run, expected)
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


class Subscriber:
    """Messages of the daemon at `url`, of one `stream` or of all; not to be shared between threads.

    Iterating waits for ever; `receive` waits as long as it is told.

    Raises:
        ConnectError: `url` is no ZeroMQ address.
    """

    def __init__(self, url: str = DEFAULT_URL, stream: str | None = None) -> None:
        self._losses = LossTracker()
        self._kept: Message | None = None
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.SUB)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.RCVHWM, _RECEIVE_HWM)
        self._socket.subscribe(f"{stream}/" if stream else "")
        try:
            self._socket.connect(url)
        except zmq.ZMQError as error:
            self._socket.close()
            raise ConnectError(
                f"{url!r} is no address to connect to ({error})", f"Give one such as {DEFAULT_URL}"
            ) from None

    def __enter__(self) -> "Subscriber":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave; messages still under way are dropped."""
        self._socket.close()

    def __iter__(self) -> Iterator[Message | Loss]:
        while True:
            item = self.receive(_POLL_S)
            if item is not None:
                yield item

    def receive(self, timeout_s: float) -> Message | Loss | None:
        """The next message, or the loss that comes before it; None if nothing came in time.

        Messages of kinds that this version does not know are passed over; they count for losses.

        Raises:
            WireError: what came is no message of this wire version.
        """
        deadline_s = time.monotonic() + timeout_s
        while self._kept is None:
            if not self._socket.poll(max(0, round((deadline_s - time.monotonic()) * 1000))):
                return None
            message = parse(self._socket.recv_multipart()[-1])
            loss = self._losses.check(message)
            if not isinstance(message, Unknown):
                self._kept = message
            if loss is not None:
                return loss
        kept, self._kept = self._kept, None
        return kept
