"""The bound sockets, with their limits and their encryption."""

from pathlib import Path

import zmq

from eegstream.errors import ConfigError, EegstreamError
from eegstream.keys import own_pair
from eegstream.pubsub.replay import LONGEST_REQUEST
from eegstream.pubsub.zap import DOMAIN
from eegstream.wire.addresses import control_url
from eegstream.wire.identity import DEFAULT_URL

Context = zmq.Context["zmq.Socket[bytes]"]
Socket = zmq.Socket[bytes]

_SEND_HWM = 1000
"""Messages kept for a subscriber that does not read; what comes then is dropped for it, and shows in `seq`."""
_RECEIVE_HWM = 4
"""With many, libzmq takes in subscriptions faster than we can look at them; with 1, none comes over CURVE."""
_LONGEST_FRAME = 512
"""Of a subscriber, its handshake with CURVE included."""
_ANSWERS_HWM = 16
_HANDSHAKE_MS = 3000
_LINGER_MS = 1000
_TRIES = 20


class BindError(EegstreamError):
    """The address is in use."""


def publishing_socket(context: Context) -> Socket:
    """An XPUB socket that leaves it to us which subscriptions take effect.

    It has no heartbeats: libzmq 4.3.5 aborts when a heartbeat is due for a connection that was closed
    while its input was held back. TCP's own keepalive finds peers that are gone.
    """
    socket = context.socket(zmq.XPUB)
    for option, value in (
        (zmq.XPUB_MANUAL, 1),
        (zmq.MAXMSGSIZE, _LONGEST_FRAME),
        (zmq.SNDHWM, _SEND_HWM),
        (zmq.RCVHWM, _RECEIVE_HWM),
        (zmq.LINGER, _LINGER_MS),
    ):
        socket.setsockopt(option, value)
    return _common(socket)


def control_socket(context: Context) -> Socket:
    """A ROUTER socket for requests."""
    socket = context.socket(zmq.ROUTER)
    for option, value in (
        (zmq.MAXMSGSIZE, LONGEST_REQUEST),
        (zmq.SNDHWM, _ANSWERS_HWM),
        (zmq.RCVHWM, _ANSWERS_HWM),
        (zmq.LINGER, 0),
    ):
        socket.setsockopt(option, value)
    return _common(socket)


def encrypt(sockets: list[Socket], keys: Path) -> None:
    """Let only those in who know this key, and whose own one an authenticator of the context allows.

    Raises:
        ConfigError: the folder has no key pair of a server.
    """
    pair = own_pair(keys, "server")
    for socket in sockets:
        socket.setsockopt(zmq.CURVE_SERVER, 1)
        socket.setsockopt(zmq.CURVE_SECRETKEY, pair.secret)
        socket.setsockopt(zmq.ZAP_DOMAIN, DOMAIN)
        # Without this, libzmq lets everybody in while no authenticator runs.
        socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)


def bind(publishing: Socket, url: str, control: Socket | None, own_control_url: str | None) -> tuple[str, str | None]:
    """Bind both sockets; return their addresses, with the ports that were taken.

    A free port whose neighbour is in use is tried again, unless the control address is given.

    Raises:
        BindError: an address is in use.
        ConfigError: no address that can be bound.
    """
    for attempt in range(_TRIES):
        bound = bind_one(publishing, url)
        if control is None:
            return bound, None
        wanted = own_control_url or control_url(bound)
        try:
            return bound, bind_one(control, wanted)
        except BindError as error:
            if own_control_url is not None or bound == url or attempt == _TRIES - 1:
                raise BindError(f"{error.message}, where replays are asked for", "Give another --control") from None
            publishing.unbind(bound)
    raise AssertionError("every try ends the loop or returns")


def bind_one(socket: Socket, url: str) -> str:
    """Bind one socket; return the address with the port that was taken."""
    try:
        socket.bind(url)
    except zmq.ZMQError as error:
        if error.errno == zmq.EADDRINUSE:
            raise BindError(f"{url} is in use", "Stop what publishes there, or give another --bind") from None
        raise ConfigError(
            f"{url!r} cannot be bound ({error.strerror})", f"Give an address such as {DEFAULT_URL}"
        ) from None
    return socket.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0")


def _common(socket: Socket) -> Socket:
    for option, value in (
        (zmq.HANDSHAKE_IVL, _HANDSHAKE_MS),
        (zmq.TCP_KEEPALIVE, 1),
        (zmq.TCP_KEEPALIVE_IDLE, 5),
        (zmq.TCP_KEEPALIVE_INTVL, 2),
        (zmq.TCP_KEEPALIVE_CNT, 3),
        (zmq.TCP_MAXRT, 10_000),
    ):
        socket.setsockopt(option, value)
    return socket
