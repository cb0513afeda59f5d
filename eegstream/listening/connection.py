"""A client's sockets: encrypted if there are keys, and with word of handshakes that failed."""

import itertools
import time
from pathlib import Path
from types import TracebackType

import zmq
from zmq.utils.monitor import parse_monitor_message

from eegstream.errors import EegstreamError
from eegstream.keys import own_pair, server_public
from eegstream.wire.identity import DEFAULT_URL

_RETRY_S = 1.0
_RECONNECT_MS, _RECONNECT_MOST_MS = 50, 1000
_WATCHED = (
    zmq.EVENT_CONNECTED
    | zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
)
_numbers = itertools.count()
"""One for each monitor: libzmq frees the address of a closed one only after a while."""


class ConnectError(EegstreamError):
    """The address cannot be connected to."""


class Connection:
    """A socket that connects to `url`, and again whenever the connection is lost. Leaving the context closes it.

    Raises:
        ConnectError: `url` is no ZeroMQ address.
        ConfigError: the folder `keys` lacks a key pair of the client, or the server's public key.
    """

    def __init__(self, kind: int, url: str, keys: Path | None) -> None:
        self.url, self._keys = url, keys
        self.socket: zmq.Socket[bytes] = zmq.Context.instance().socket(kind)
        self._monitor: zmq.Socket[bytes] | None = None
        self._reached = self._failed = self._denied = False
        self._retried_s = float("-inf")
        try:
            if keys is not None:
                pair = own_pair(keys, "client")
                self.socket.setsockopt(zmq.CURVE_SECRETKEY, pair.secret)
                self.socket.setsockopt(zmq.CURVE_PUBLICKEY, pair.public.encode())
                self.socket.setsockopt(zmq.CURVE_SERVERKEY, server_public(keys).encode())
            for option, value in (
                (zmq.LINGER, 0),
                (zmq.RECONNECT_IVL, _RECONNECT_MS),
                (zmq.RECONNECT_IVL_MAX, _RECONNECT_MOST_MS),
                (zmq.TCP_KEEPALIVE, 1),
                (zmq.TCP_KEEPALIVE_IDLE, 5),
                (zmq.TCP_KEEPALIVE_INTVL, 2),
                (zmq.TCP_KEEPALIVE_CNT, 3),
            ):
                self.socket.setsockopt(option, value)
        except BaseException:
            self.socket.close()
            raise

    def connect(self) -> None:
        """Connect; options of the socket are set before."""
        address = f"inproc://client-{next(_numbers)}"
        self.socket.monitor(address, _WATCHED)
        self._monitor = self.socket.context.socket(zmq.PAIR)
        self._monitor.setsockopt(zmq.RCVHWM, 0)
        self._monitor.setsockopt(zmq.LINGER, 0)
        self._monitor.connect(address)
        try:
            self.socket.connect(self.url)
        except (zmq.ZMQError, UnicodeError) as error:
            self.close()
            raise ConnectError(
                f"{self.url!r} is no address to connect to ({error})", f"Give one such as {DEFAULT_URL}"
            ) from None

    def __enter__(self) -> "Connection":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the sockets; what is under way is dropped."""
        if self._monitor is not None:
            self.socket.disable_monitor()
            self._monitor.close()
            self._monitor = None
        self.socket.close()

    @property
    def trouble(self) -> str | None:
        """Why no message may come; None if the connection stands."""
        self._watch()
        if self._denied:
            return "the daemon refuses this key (does it allow client.public?)"
        if self._failed:
            what = (
                "the daemon may have no keys, or another one than server.public" if self._keys else "it may need keys"
            )
            return f"the handshake fails: {what}"
        return None if self._reached else "nobody answers there"

    def tend(self) -> None:
        """Connect again where libzmq gave up: when the daemon refused the key, which it may allow later."""
        self._watch()
        now_s = time.monotonic()
        if self._denied and now_s - self._retried_s > _RETRY_S:
            self._retried_s = now_s
            self.socket.disconnect(self.url)
            self.socket.connect(self.url)

    def _watch(self) -> None:
        """Read what the socket has reported."""
        while self._monitor is not None:
            try:
                event = parse_monitor_message(self._monitor.recv_multipart(zmq.NOBLOCK))["event"]
            except zmq.Again:
                return
            if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self._reached, self._failed, self._denied = True, False, False
            elif event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
                self._denied = True
            elif event != zmq.EVENT_CONNECTED:
                self._failed = True
