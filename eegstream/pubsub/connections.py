"""The connections of a bound socket: which there are, and how to close one of them."""

import socket as sockets
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType

import zmq
from zmq.utils.monitor import parse_monitor_message

_RECEIVED_AT = 128
"""Place of `tcpi_bytes_received` in Linux's `struct tcp_info`."""
_WATCHED = (
    zmq.EVENT_ACCEPTED
    | zmq.EVENT_DISCONNECTED
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
)


@dataclass(frozen=True)
class Opened:
    """A peer has connected; it has not yet shown who it is."""

    connection: int


@dataclass(frozen=True)
class Closed:
    """A connection is over."""

    connection: int


@dataclass(frozen=True)
class Unwelcome:
    """A peer has failed in the handshake: no ZeroMQ, no encryption, or the wrong key."""


class Connections:
    """What happens to a socket's connections; made before the socket is bound, used by the thread of the socket."""

    def __init__(self, socket: "zmq.Socket[bytes]") -> None:
        self._socket = socket
        address = f"inproc://connections-{id(self)}"
        socket.monitor(address, _WATCHED)
        self._monitor: zmq.Socket[bytes] = socket.context.socket(zmq.PAIR)
        # Without a limit: libzmq's own thread would wait for a reader that is late.
        self._monitor.setsockopt(zmq.RCVHWM, 0)
        self._monitor.setsockopt(zmq.LINGER, 0)
        self._monitor.connect(address)

    def __enter__(self) -> "Connections":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.disable_monitor()
        self._monitor.close()

    def news(self) -> Iterator[Opened | Closed | Unwelcome]:
        """What has happened since the last call."""
        while True:
            try:
                event = parse_monitor_message(self._monitor.recv_multipart(zmq.NOBLOCK))
            except zmq.Again:
                return
            if event["event"] == zmq.EVENT_ACCEPTED:
                yield Opened(event["value"])
            elif event["event"] == zmq.EVENT_DISCONNECTED:
                yield Closed(event["value"])
            else:
                yield Unwelcome()


def received_bytes(connection: int) -> int:
    """How many bytes a TCP peer has sent; 0 where the system does not tell."""
    if not hasattr(sockets, "TCP_INFO"):
        return 0
    try:
        peer = sockets.socket(fileno=connection)
    except OSError:
        return 0
    try:
        info = peer.getsockopt(sockets.IPPROTO_TCP, sockets.TCP_INFO, _RECEIVED_AT + 8)
    except OSError:  # an ipc peer
        return 0
    finally:
        peer.detach()
    return int.from_bytes(info[_RECEIVED_AT:], sys.byteorder) if len(info) == _RECEIVED_AT + 8 else 0


def hang_up(connection: int) -> None:
    """Close a peer's connection, given by its file descriptor; libzmq then forgets the peer."""
    try:
        peer = sockets.socket(fileno=connection)
    except OSError:  # it is closed already
        return
    try:
        peer.shutdown(sockets.SHUT_RDWR)
    except OSError:  # it was not connected any more
        pass
    finally:
        peer.detach()
