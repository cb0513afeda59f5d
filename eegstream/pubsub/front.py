"""Everything that subscribers can reach: the publishing socket, the control socket, and who is let in."""

import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import zmq

from eegstream.pubsub import records, sockets
from eegstream.pubsub.connections import Closed, Connections, Opened, hang_up, received_bytes
from eegstream.pubsub.guard import Guard
from eegstream.pubsub.newcomers import Newcomers
from eegstream.pubsub.records import Record
from eegstream.pubsub.replay import Replay
from eegstream.pubsub.ring import Ring
from eegstream.pubsub.zap import AllowList, Authenticator

_MOST_REQUESTS_AT_ONCE = 4
_MOST_FRAMES = 3
_MOST_ASKING = 64
_LOOK_AT_USERS_S = 1.0
_LOOK_AT_TRAFFIC_S = 0.02
_SUBSCRIBERS_TRAFFIC = (256 * 1024, 16 * 1024)
"""Bytes that a peer may send at once, and in a second: a message without an end stays inside libzmq, unseen."""
_ASKERS_TRAFFIC = (4 * 1024 * 1024, 1024 * 1024)


@dataclass(frozen=True)
class FrontSettings:
    """Where to bind, and with which limits."""

    url: str
    control: str | None = None
    """None: the address that belongs to `url`."""
    keys: str | None = None
    """Folder of the keys; None: without encryption."""
    replay_bytes: int = 16 * 1024 * 1024
    """0: there is no control socket."""


@dataclass
class Report:
    """What subscribers did that a person should know; counts since the start."""

    refused: int = 0
    """Connections that were closed."""
    why: str = ""
    """Why the last one was."""
    failed_handshakes: int = 0
    denied: int = 0
    last_denied: str = ""
    """The public key that was denied last."""

    def as_plain(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self)


class Front:
    """Sends records, and serves subscribers; one thread uses it.

    Raises:
        BindError: an address is in use.
        ConfigError: an address cannot be bound, or the keys cannot be read.
    """

    def __init__(self, settings: FrontSettings) -> None:
        self._ring = Ring(settings.replay_bytes)
        self._replay = Replay(self._ring)
        self._allow_list = AllowList(Path(settings.keys)) if settings.keys is not None else None
        self._authenticator: Authenticator | None = None
        self._users_s = self._traffic_s = 0.0
        with ExitStack() as stack:
            self._context: sockets.Context = stack.enter_context(zmq.Context())
            self._publishing = stack.enter_context(sockets.publishing_socket(self._context))
            self._control = (
                stack.enter_context(sockets.control_socket(self._context)) if settings.replay_bytes > 0 else None
            )
            bound = [socket for socket in (self._publishing, self._control) if socket is not None]
            if settings.keys is not None and self._allow_list is not None:
                sockets.encrypt(bound, Path(settings.keys))
                self._authenticator = Authenticator(self._context, self._allow_list)
                stack.enter_context(self._authenticator.socket)
            self._newcomers = Newcomers(self._publishing, stack.enter_context(Connections(self._publishing)))
            self._asking = Guard(hang_up, _MOST_ASKING)
            self._askers = stack.enter_context(Connections(self._control)) if self._control is not None else None
            self.url, self.control_url = sockets.bind(self._publishing, settings.url, self._control, settings.control)
            self._stack = stack.pop_all()

    def __enter__(self) -> "Front":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def descriptors(self) -> list[int]:
        """What becomes readable when there is something for `step`."""
        authenticator = self._authenticator.socket if self._authenticator is not None else None
        own = (self._publishing, self._control, authenticator)
        return [int(socket.getsockopt(zmq.FD)) for socket in own if socket is not None]

    @property
    def report(self) -> Report:
        """What subscribers did so far."""
        guard, door = self._newcomers.guard, self._authenticator
        return Report(
            refused=guard.refused + self._asking.refused,
            why=guard.last_refusal or self._asking.last_refusal,
            failed_handshakes=self._newcomers.failed_handshakes,
            denied=door.denied if door is not None else 0,
            last_denied=door.last_denied if door is not None else "",
        )

    def handle(self, record: Record) -> None:
        """Do what a record says."""
        if record.kind == records.PUBLISH:
            self._newcomers.send(record)
            self._ring.add(record, time.monotonic())
        elif record.kind == records.SPEC:
            self._newcomers.specs[record.stream] = record
            self._newcomers.send(record)
            self._ring.add(record, time.monotonic())
        elif record.kind == records.OPEN:
            self._newcomers.specs[record.stream] = record
        elif record.kind == records.KEEP:
            self._ring.add(record, time.monotonic())
        elif record.kind == records.FORGET:
            self._newcomers.specs.pop(record.topic, None)
        elif record.kind == records.REPEAT:
            for spec in self._newcomers.specs.values():
                self._newcomers.send(spec)

    def step(self) -> bool:
        """Serve those who came, some of them if they are many; whether some may be left."""
        left = self._authenticator is not None and self._authenticator.step()
        left |= self._newcomers.step()
        left |= self._answer_requests()
        now_s = time.monotonic()
        if now_s - self._traffic_s > _LOOK_AT_TRAFFIC_S:
            self._traffic_s = now_s
            self._newcomers.guard.look_at_traffic(received_bytes, now_s, *_SUBSCRIBERS_TRAFFIC)
            self._asking.look_at_traffic(received_bytes, now_s, *_ASKERS_TRAFFIC)
        if self._allow_list is not None and now_s - self._users_s > _LOOK_AT_USERS_S:
            self._users_s = now_s
            self._newcomers.refuse_users(self._allow_list.holds)
        return left

    def _answer_requests(self) -> bool:
        if self._control is None or self._askers is None:
            return False
        for news in self._askers.news():
            if isinstance(news, Opened):
                self._asking.opened(news.connection)
            elif isinstance(news, Closed):
                self._asking.closed(news.connection)
        for _ in range(_MOST_REQUESTS_AT_ONCE):
            try:
                frames = self._control.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return False
            if len(frames) > _MOST_FRAMES:
                continue
            answer = self._replay.answer(frames[-1], time.monotonic())
            try:
                self._control.send_multipart([*frames[:-1], answer], zmq.NOBLOCK)
            except zmq.ZMQError:
                continue  # it has left, or does not read
        return True
