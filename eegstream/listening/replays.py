"""Asking a daemon for messages again; docs/reference/wire.md is the specification."""

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack
import zmq

from eegstream.listening.connection import Connection
from eegstream.listening.losses import Loss
from eegstream.wire.messages import Message, State, Unknown
from eegstream.wire.parsing import WireError, parse

_BUSY_S = 0.1
_MOST_ANSWER_BYTES = 80 * 1024 * 1024


class Replays:
    """Fetches lost messages from the control address `url`; not to be shared between threads."""

    def __init__(self, url: str, keys: Path | None) -> None:
        self._connection = Connection(zmq.DEALER, url, keys)
        self._connection.socket.setsockopt(zmq.MAXMSGSIZE, _MOST_ANSWER_BYTES)
        self._connection.connect()
        self._ids = itertools.count()

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()

    def fetch(self, loss: Loss, timeout_s: float) -> Iterator[Message | Loss]:
        """The lost messages in order, and a `Loss` for each part that the daemon does not have any more.

        It also counts as lost what the daemon does not give within `timeout_s` of silence.
        """
        first_seq, end_seq = loss.first_seq, loss.first_seq + loss.count
        while first_seq < end_seq:
            answer = self._ask(loss, first_seq, end_seq - first_seq, timeout_s)
            messages = answer.get("messages", ())[: end_seq - first_seq]
            if not messages:
                oldest = answer.get("oldest_seq")
                resumes = oldest if isinstance(oldest, int) and first_seq < oldest < end_seq else end_seq
                yield Loss(loss.stream, loss.run, first_seq, resumes - first_seq)
                first_seq = resumes
            for payload in messages:
                yield from _read(payload, loss, first_seq)
                first_seq += 1

    def _ask(self, loss: Loss, first_seq: int, count: int, timeout_s: float) -> dict[str, Any]:
        """The answer to one request; an empty one if none came in time."""
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            number = next(self._ids)
            request = {
                "v": 1,
                "ask": "replay",
                "id": number,
                "stream": loss.stream,
                "run": loss.run,
                "first_seq": first_seq,
                "count": min(count, 1_000_000),
            }
            try:
                self._connection.socket.send_multipart([b"", msgpack.packb(request)], zmq.NOBLOCK)
            except zmq.Again:
                time.sleep(_BUSY_S)
                continue
            answer = self._answer(number, deadline_s)
            if answer.get("answer") != "busy":
                return answer
            time.sleep(_BUSY_S)
        return {}

    def _answer(self, number: int, deadline_s: float) -> dict[str, Any]:
        while (left_s := deadline_s - time.monotonic()) > 0:
            if not self._connection.socket.poll(max(1, round(left_s * 1000))):
                break
            try:
                answer = msgpack.unpackb(self._connection.socket.recv_multipart()[-1])
            except (ValueError, msgpack.UnpackException):
                continue
            if isinstance(answer, dict) and answer.get("id", number) == number:
                return answer
        return {}


def _read(payload: object, loss: Loss, seq: int) -> Iterator[Message | Loss]:
    """The message; nothing for a kind that this version does not know."""
    try:
        message = parse(payload if isinstance(payload, bytes) else b"")
    except WireError:
        yield Loss(loss.stream, loss.run, seq, 1)
        return
    if not isinstance(message, Unknown | State):
        yield message
