"""Subscriptions: which take effect, and the specs that newcomers get first."""

import time
from collections.abc import Callable

import zmq

from eegstream.pubsub.connections import Closed, Connections, Opened, hang_up
from eegstream.pubsub.guard import Bucket, Guard
from eegstream.pubsub.records import Record

_LONGEST_S = 0.002
"""Subscriptions are looked at for so long at a time: a flood of them must not hold up the codes."""
REPEATS_AT_ONCE = 512
REPEATS_PER_S = 200
"""Specs sent again because somebody is new."""


class Newcomers:
    """Handles what comes from an XPUB socket with XPUB_MANUAL.

    No codes reach a newcomer before their spec: when a subscription takes effect, its specs are the next to be sent.
    If it is of one stream, only the newcomer gets the spec; else all subscribers do, at a bounded rate.
    """

    def __init__(self, socket: "zmq.Socket[bytes]", connections: Connections) -> None:
        self._socket, self._connections = socket, connections
        self.specs: dict[bytes, Record] = {}
        """The open epochs' specs by stream."""
        self.guard = Guard(hang_up)
        self.failed_handshakes = 0
        self._repeats = Bucket(REPEATS_AT_ONCE, REPEATS_PER_S)
        self._can_send_to_one = _can_send_to_one(socket)

    def step(self) -> bool:
        """Handle what came, some of it if it is much; whether some may be left."""
        self._note_connections()
        for_all: dict[bytes, Record] = {}
        deadline_s = time.monotonic() + _LONGEST_S
        left = True
        while left and time.monotonic() < deadline_s:
            try:
                frame = self._socket.recv(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                left = False
            else:
                self._take(frame, for_all, time.monotonic())
        for spec in for_all.values():
            self.send(spec)
        return left

    def refuse_users(self, is_allowed: Callable[[str], bool]) -> None:
        """Close the connections of users that are no longer allowed."""
        self.guard.refuse_users(is_allowed)

    def send(self, record: Record) -> None:
        """Send a message to all subscribers of its topic."""
        self._socket.send_multipart((record.topic, record.payload))

    def _note_connections(self) -> None:
        for news in self._connections.news():
            if isinstance(news, Opened):
                self.guard.opened(news.connection)
            elif isinstance(news, Closed):
                self.guard.closed(news.connection)
            else:
                self.failed_handshakes += 1

    def _take(self, frame: zmq.Frame, for_all: dict[bytes, Record], now_s: float) -> None:
        message = frame.bytes
        kind, prefix = message[:1], message[1:]
        try:
            connection = int(frame.get(zmq.SRCFD))
        except zmq.ZMQError:
            return  # of a connection that is over; libzmq has dropped its subscriptions
        if kind == b"\x00":
            if self.guard.unsubscribes(connection, prefix, now_s):
                self._socket.setsockopt(zmq.UNSUBSCRIBE, prefix)
        elif kind == b"\x01":
            if self.guard.subscribes(connection, prefix, now_s, _user(frame)):
                self._welcome(connection, prefix, for_all, now_s)
        else:
            self.guard.refuse(connection, "a message that is no subscription")

    def _welcome(self, connection: int, prefix: bytes, for_all: dict[bytes, Record], now_s: float) -> None:
        wanted = {stream: spec for stream, spec in self.specs.items() if spec.topic.startswith(prefix)}
        alone = len(wanted) == 1 and self._can_send_to_one
        new = wanted if alone else {stream: spec for stream, spec in wanted.items() if stream not in for_all}
        if not self._repeats.take(len(new), now_s):
            # It connects again a moment later. To let it in without its specs would break the wire's rule.
            self.guard.refuse(connection, "too many new subscribers at a time")
            return
        if not alone:
            for_all |= new
        self._socket.setsockopt(zmq.SUBSCRIBE, prefix)
        if alone:
            self._send_to_newcomer(*wanted.values())

    def _send_to_newcomer(self, spec: Record) -> None:
        """Send to the connection alone whose subscription was received last; to all, if it was closed this moment."""
        self._socket.setsockopt(zmq.XPUB_MANUAL_LAST_VALUE, 1)
        self.send(spec)
        self._socket.setsockopt(zmq.XPUB_MANUAL_LAST_VALUE, 0)
        self._socket.setsockopt(zmq.XPUB_MANUAL, 1)


def _can_send_to_one(socket: "zmq.Socket[bytes]") -> bool:
    """Whether this libzmq has the option; it calls it a draft, but has it in every build of 4.3.5 that we met."""
    try:
        socket.setsockopt(zmq.XPUB_MANUAL_LAST_VALUE, 0)
    except (zmq.ZMQError, AttributeError):
        return False
    socket.setsockopt(zmq.XPUB_MANUAL, 1)
    return True


def _user(frame: zmq.Frame) -> str | None:
    try:
        return str(frame.get("User-Id")) or None
    except zmq.ZMQError:
        return None
