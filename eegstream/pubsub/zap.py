"""Who is let in: answers to the questions of ZeroMQ's own authentication protocol (ZAP, RFC 27)."""

import time
from pathlib import Path

import zmq
from zmq.utils import z85

from eegstream.keys import allowed

DOMAIN = b"eegstream"
_ADDRESS = "inproc://zeromq.zap.01"
_MOST_AT_ONCE = 20
_READ_AGAIN_S = 0.5


class AllowList:
    """The public keys of a folder's `allowed`; the folder is read again twice a second at most."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[str, str] = {}
        self._read_s = float("-inf")

    def holds(self, public: str) -> bool:
        """Whether a key is allowed."""
        now_s = time.monotonic()
        if now_s - self._read_s > _READ_AGAIN_S:
            self._names, self._read_s = allowed(self._folder), now_s
        return public in self._names


class Authenticator:
    """Answers ZAP requests of one context; `step` is called whenever something came."""

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", allow_list: AllowList) -> None:
        self.socket: zmq.Socket[bytes] = context.socket(zmq.ROUTER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.bind(_ADDRESS)
        self._allow_list = allow_list
        self.denied = 0
        """Number of handshakes that were refused."""
        self.last_denied = ""
        """The public key of the last one."""

    def step(self) -> bool:
        """Answer what was asked, some of it if it is much; whether some may be left."""
        for _ in range(_MOST_AT_ONCE):
            try:
                frames = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return False
            place = frames.index(b"")
            self.socket.send_multipart([*frames[: place + 1], *self._answer(frames[place + 1 :])])
        return True

    def _answer(self, request: list[bytes]) -> list[bytes]:
        version, number, domain, _, _, mechanism, *credentials = request
        public = z85.encode(credentials[0]).decode() if mechanism == b"CURVE" and credentials else ""
        if version == b"1.0" and domain == DOMAIN and public and self._allow_list.holds(public):
            return [b"1.0", number, b"200", b"OK", public.encode(), b""]
        self.denied += 1
        self.last_denied = public or "none"
        return [b"1.0", number, b"400", b"this key is not allowed", b"", b""]
