"""What a subscriber needs: typed messages of a running daemon, and word of every loss. No torch, no LSL.

from eegstream.client import Codes, Subscriber

with Subscriber() as subscriber:
    for message in subscriber:
        if isinstance(message, Codes):
            print(message.stream, message.first, message.array.shape)
"""

import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import zmq

from eegstream.listening.connection import ConnectError, Connection
from eegstream.listening.losses import DamageCounter, Damaged, Loss, LossTracker
from eegstream.listening.replays import Replays
from eegstream.wire.addresses import control_url
from eegstream.wire.identity import DEFAULT_URL
from eegstream.wire.messages import Codes, End, Event, Gap, Message, Spec, State, Unknown
from eegstream.wire.parsing import MAX_PAYLOAD_BYTES, WireError, parse

__all__ = [
    "DEFAULT_URL",
    "Codes",
    "ConnectError",
    "Damaged",
    "End",
    "Event",
    "Gap",
    "Loss",
    "LossTracker",
    "Message",
    "Spec",
    "State",
    "Subscriber",
    "WireError",
]

_RECEIVE_HWM = 10_000
_POLL_S = 0.2
_REPLAY_S = 3.0


class Subscriber:
    """Messages of the daemon at `url`, of one `stream` or of all; not to be shared between threads.

    Iterating waits for ever; `receive` waits as long as it is told. `keys` is a folder that `eegstream keys` made, for
    a daemon with keys. `control` is where lost messages are asked for, if the daemon has another address for it.

    Raises:
        ConnectError: `url` is no ZeroMQ address.
        ConfigError: the folder of keys lacks a key.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        stream: str | None = None,
        keys: Path | str | None = None,
        control: str | None = None,
    ) -> None:
        self._losses, self._damage = LossTracker(), DamageCounter()
        self._kept: Message | None = None
        self._keys = None if keys is None else Path(keys)
        self._control = control or control_url(url)
        self._replays: Replays | None = None
        self._connection = Connection(zmq.SUB, url, self._keys)
        self._socket = self._connection.socket
        self._socket.setsockopt(zmq.RCVHWM, _RECEIVE_HWM)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_PAYLOAD_BYTES)
        self._socket.subscribe(f"{stream}/" if stream else "")
        self._connection.connect()

    def __enter__(self) -> "Subscriber":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave; messages still under way are dropped."""
        if self._replays is not None:
            self._replays.close()
        self._connection.close()

    @property
    def trouble(self) -> str | None:
        """Why no message may come, such as wrong keys, in words for a person; None if the connection stands."""
        return self._connection.trouble

    def __iter__(self) -> Iterator[Message | Loss | Damaged]:
        while True:
            item = self.receive(_POLL_S)
            if item is not None:
                yield item

    def receive(self, timeout_s: float) -> Message | Loss | Damaged | None:
        """The next message, or the loss that comes before it; None if nothing came in time.

        Messages of kinds that this version does not know are passed over; they count for losses. Messages that cannot
        be read are passed over, too: a `Damaged` tells how many, once a second at most.
        """
        deadline_s = time.monotonic() + timeout_s
        while self._kept is None:
            if (damaged := self._damage.due(time.monotonic())) is not None:
                return damaged
            if not self._socket.poll(max(0, round((deadline_s - time.monotonic()) * 1000))):
                self._connection.tend()
                return None
            frames = self._socket.recv_multipart()
            try:
                message = parse(frames[-1])
            except WireError as error:
                self._damage.note(frames[0], str(error))
                continue
            loss = self._losses.check(message)
            if not isinstance(message, Unknown):
                self._kept = message
            if loss is not None:
                return loss
        kept, self._kept = self._kept, None
        return kept

    def resume(self, loss: Loss, timeout_s: float = _REPLAY_S) -> Iterator[Message | Loss]:
        """Ask the daemon for lost messages; yield them in order, and a `Loss` for what it does not have any more.

        It keeps those of the last minute, as far as its memory for them goes. A daemon that does not answer within
        `timeout_s` counts as one that has nothing.
        """
        if self._replays is None:
            self._replays = Replays(self._control, self._keys)
        return self._replays.fetch(loss, timeout_s)
