"""The publishing socket: messages out, specs again for those who come later."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import zmq

from eegstream.errors import ConfigError, EegstreamError
from eegstream.wire.identity import DEFAULT_URL
from eegstream.wire.messages import Message, Spec

_SEND_HWM = 1000
"""Messages kept for a subscriber that does not read; what comes then is dropped for it, and shows in `seq`."""
_LONGEST_SUBSCRIPTION = 4096
_MOST_NEWCOMERS = 100
"""Subscriptions handled at a time, so that a flood of them cannot hold up the samples."""
_LINGER_MS = 1000
_HEARTBEAT_MS = 2000
_HEARTBEAT_TIMEOUT_MS = 6000


class BindError(EegstreamError):
    """The address is taken."""


class Publisher:
    """A bound XPUB socket; never used by two threads at a time."""

    def __init__(self, socket: zmq.Socket[bytes]) -> None:
        self._socket = socket
        self._specs: dict[str, Spec] = {}
        self.url = socket.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0")
        """Where subscribers connect to, with the port that was bound."""

    def publish(self, message: Message) -> None:
        """Send a message to whoever listens."""
        if isinstance(message, Spec):
            self._specs[message.stream] = message
        self._send(message)

    def forget(self, stream: str) -> None:
        """Repeat the stream's spec no more; its epoch is over."""
        self._specs.pop(stream, None)

    def repeat_specs(self, prefix: bytes = b"") -> None:
        """Send the specs of the open epochs again whose topic begins with `prefix`."""
        for spec in self._specs.values():
            if spec.topic.encode().startswith(prefix):
                self._send(spec)

    def welcome_newcomers(self) -> None:
        """Let new subscriptions take effect, each with its specs first: no codes reach anyone before their spec."""
        for _ in range(_MOST_NEWCOMERS):
            if not self._socket.poll(0):
                return
            frame = self._socket.recv()
            if frame[:1] == b"\x01":
                self._socket.setsockopt(zmq.SUBSCRIBE, frame[1:])
                self.repeat_specs(frame[1:])
            elif frame[:1] == b"\x00":
                self._socket.setsockopt(zmq.UNSUBSCRIBE, frame[1:])

    def _send(self, message: Message) -> None:
        self._socket.send_multipart([message.topic.encode(), message.to_payload()])


@contextmanager
def open_publisher(url: str) -> Iterator[Publisher]:
    """Bind `url` and close it again, giving what is under way a second to leave.

    Raises:
        BindError: somebody else publishes there.
        ConfigError: no address that can be bound.
    """
    with _exclusive(url):
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context.instance()
        socket: zmq.Socket[bytes] = context.socket(zmq.XPUB)
        socket.setsockopt(zmq.XPUB_MANUAL, 1)
        socket.setsockopt(zmq.MAXMSGSIZE, _LONGEST_SUBSCRIPTION)
        socket.setsockopt(zmq.SNDHWM, _SEND_HWM)
        socket.setsockopt(zmq.LINGER, _LINGER_MS)
        socket.setsockopt(zmq.HEARTBEAT_IVL, _HEARTBEAT_MS)
        socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, _HEARTBEAT_TIMEOUT_MS)
        try:
            try:
                socket.bind(url)
            except zmq.ZMQError as error:
                if error.errno == zmq.EADDRINUSE:
                    raise BindError(f"{url} is in use", "Stop what publishes there, or give another --bind") from None
                raise ConfigError(
                    f"{url!r} cannot be bound ({error.strerror})", f"Give an address such as {DEFAULT_URL}"
                ) from None
            yield Publisher(socket)
        finally:
            socket.close()


@contextmanager
def _exclusive(url: str) -> Iterator[None]:
    """Hold a lock beside an ipc path: ZeroMQ lets a second publisher take the path of the first."""
    if not url.startswith("ipc://"):
        yield
        return
    try:
        import fcntl  # noqa: PLC0415 - where there is none, ZeroMQ's ipc is of no use either
    except ImportError:
        raise ConfigError(f"{url} is no address on this system", f"Give one such as {DEFAULT_URL}") from None
    lock_path = Path(url.removeprefix("ipc://") + ".lock")
    try:
        lock = lock_path.open("w")
    except OSError as error:
        raise ConfigError(
            f"{lock_path} cannot be made ({error.strerror})", "Give a --bind in a folder of yours"
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BindError(f"{url} is in use", "Stop what publishes there, or give another --bind") from None
        yield
