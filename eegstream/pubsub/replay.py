"""Answers to those who ask for messages that they missed; docs/reference/wire.md is the specification. Pure."""

from typing import Any

import msgpack

from eegstream.pubsub.guard import Bucket
from eegstream.pubsub.ring import Ring

LONGEST_REQUEST = 64 * 1024
MOST_MESSAGES = 256
"""In one answer."""
MOST_BYTES = 1024 * 1024
"""Of messages in one answer, unless the first one alone is longer."""
MOST_COUNT = 1_000_000
_REQUESTS_AT_ONCE, _REQUESTS_PER_S = 200, 100
_BYTES_AT_ONCE, _BYTES_PER_S = 32 * 1024 * 1024, 8 * 1024 * 1024


class RequestError(Exception):
    """A request that cannot be understood."""


class Replay:
    """Answers requests from a ring, at a bounded rate."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._requests = Bucket(_REQUESTS_AT_ONCE, _REQUESTS_PER_S)
        self._bytes = Bucket(_BYTES_AT_ONCE, _BYTES_PER_S)

    def answer(self, request: bytes, now_s: float) -> bytes:
        """The answer to one request, whatever came."""
        if not self._requests.take(1, now_s):
            return _packed({"answer": "busy"})
        try:
            content = _content(request)
            asked = {name: content[name] for name in ("id", "stream", "run", "first_seq") if name in content}
            answer = self._replay(content, now_s)
        except RequestError as error:
            return _packed({"answer": "error", "why": str(error)})
        return _packed(asked | answer)

    def _replay(self, content: dict[str, Any], now_s: float) -> dict[str, Any]:
        stream, run = content["stream"].encode(), content["run"].encode()
        kept = self._ring.kept(stream, run)
        messages: list[bytes] = []
        size = 0
        for payload in self._ring.since(stream, run, content["first_seq"]):
            size += len(payload)
            if len(messages) == min(content["count"], MOST_MESSAGES) or (messages and size > MOST_BYTES):
                break
            messages.append(payload)
        if not messages:
            oldest, newest = (None, None) if kept is None else (kept.oldest_seq, kept.newest_seq)
            return {"answer": "gone", "oldest_seq": oldest, "newest_seq": newest}
        if not self._bytes.take(min(size, _BYTES_AT_ONCE), now_s):
            return {"answer": "busy"}
        return {"answer": "replay", "messages": messages}


def _content(request: bytes) -> dict[str, Any]:
    """The request's fields, checked; fields that are not known are left alone."""
    if len(request) > LONGEST_REQUEST:
        raise RequestError(f"{len(request)} bytes came, expected at most {LONGEST_REQUEST}")
    try:
        content = msgpack.unpackb(request, use_list=False)
    except (ValueError, msgpack.UnpackException):
        raise RequestError("no msgpack came, expected a map") from None
    if not isinstance(content, dict):
        raise RequestError(f"a {type(content).__name__} came, expected a map")
    if content.get("v") != 1 or type(content["v"]) is not int:
        raise RequestError("expected v = 1")
    if content.get("ask") != "replay":
        raise RequestError("expected ask = 'replay'")
    for name in ("stream", "run"):
        if not isinstance(content.get(name), str) or not content[name].isascii() or len(content[name]) > 100:
            raise RequestError(f"expected a text {name}")
    for name, least, most in (("first_seq", 0, 2**63 - 1), ("count", 1, MOST_COUNT)):
        if type(content.get(name)) is not int or not least <= content[name] <= most:
            raise RequestError(f"expected an integer {name} from {least} to {most}")
    if "id" in content and (type(content["id"]) is not int or not 0 <= content["id"] < 2**63):
        raise RequestError("expected an integer id from 0 on, or none")
    return content


def _packed(content: dict[str, Any]) -> bytes:
    packed: bytes = msgpack.packb({"v": 1} | content)
    return packed
