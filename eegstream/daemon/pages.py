"""A small HTTP server on a loopback address, in one thread: one request at a time, and few in a second.

So it takes next to no time from the threads of the samples, whoever asks and however often.
"""

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from eegstream.errors import EegstreamError

log = logging.getLogger(__name__)

_MOST_BYTES = 8192
"""Of a request's head."""
_REQUEST_S = 1.0
"""Longest time that a client may take to ask, and to read."""
_PAUSE_S = 0.02
_WORDS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}


@dataclass(frozen=True)
class Page:
    """What is answered."""

    status: int
    text: bytes
    kind: str = "text/plain; charset=utf-8"


class Pages:
    """Answers GET and HEAD of `pages`, by path, until it is closed.

    Raises:
        EegstreamError: the address is in use, or this machine does not have it.
    """

    def __init__(self, host: str, port: int, pages: dict[str, Callable[[], Page]]) -> None:
        self._pages = pages
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._socket = socket.create_server((host, port), family=family, backlog=16)
        except OSError as error:
            raise EegstreamError(
                f"metrics cannot be served at {_address(host, port)} ({error.strerror})", "Give another --metrics"
            ) from None
        self.url = f"http://{_address(host, self._socket.getsockname()[1])}"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answer no more."""
        self._stop.set()
        # Only this wakes the thread on every system.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self) -> None:
        while not self._stop.is_set():
            try:
                client, _ = self._socket.accept()
            except OSError:
                if self._stop.wait(_PAUSE_S):
                    return
                continue
            with client:
                try:
                    self._answer(client)
                except OSError:
                    log.debug("a client of the metrics left")
            time.sleep(_PAUSE_S)

    def _answer(self, client: socket.socket) -> None:
        words = _first_line(client).split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            page = Page(400, b"expected a request of HTTP/1\n")
        elif words[0] not in ("GET", "HEAD"):
            page = Page(405, b"expected GET or HEAD\n")
        else:
            make = self._pages.get(words[1].partition("?")[0])
            page = Page(404, f"expected {', '.join(self._pages)}\n".encode()) if make is None else _made(make)
        head = (
            f"HTTP/1.1 {page.status} {_WORDS[page.status]}\r\nContent-Type: {page.kind}\r\n"
            f"Content-Length: {len(page.text)}\r\nConnection: close\r\n\r\n"
        )
        client.settimeout(_REQUEST_S)
        client.sendall(head.encode() + (b"" if words[0] == "HEAD" else page.text))


def _made(make: Callable[[], Page]) -> Page:
    try:
        return make()
    except Exception:
        log.exception("a page cannot be made")
        return Page(503, b"this page cannot be made; see the log\n")


def _first_line(client: socket.socket) -> str:
    """The request's first line; the whole head is read, or the answer could be lost."""
    deadline_s = time.monotonic() + _REQUEST_S
    head = b""
    while b"\r\n\r\n" not in head and len(head) < _MOST_BYTES:
        client.settimeout(max(0.001, deadline_s - time.monotonic()))
        part = client.recv(4096)
        if not part:
            break
        head += part
    return head.partition(b"\r\n")[0].decode("latin-1")


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
