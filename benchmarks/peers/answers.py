"""How a peer tells that it has a result: the time stamp of the last sample in it, over ZeroMQ."""

import sys
from collections.abc import Callable
from types import TracebackType

import msgpack
import numpy as np
import pylsl
import zmq

STREAM = "bench-0"
_FIND_S, _PULL_S, _MOST = 60.0, 0.2, 1024


class Answers:
    """Publishes results at an address that it says on stderr."""

    def __init__(self) -> None:
        self._socket = zmq.Context.instance().socket(zmq.PUB)
        self._socket.bind("tcp://127.0.0.1:*")
        sys.stderr.write(f"publishing at {self._socket.getsockopt_string(zmq.LAST_ENDPOINT)},\n")
        sys.stderr.flush()

    def __enter__(self) -> "Answers":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close(1000)

    def send(self, until_s: float, content: bytes) -> None:
        """A result whose last sample has this time stamp of LSL."""
        self._socket.send_multipart([b"peer", msgpack.packb({"until": until_s, "content": content})])


def follow(take: Callable[[np.ndarray, np.ndarray], None]) -> None:
    """Give samples (chunk, channels) and their time stamps to `take` as they come, until the outlet is gone."""
    found = pylsl.resolve_byprop("name", STREAM, 1, _FIND_S)
    if not found:
        sys.exit(f"no outlet {STREAM} within {_FIND_S:g} s")
    inlet = pylsl.StreamInlet(found[0], max_buflen=10, recover=False)
    inlet.open_stream(_FIND_S)
    while True:
        try:
            samples, stamps_s = inlet.pull_chunk(_PULL_S, _MOST, min_samples=1, as_numpy=True)
        except pylsl.util.LostError:
            return
        if len(stamps_s):
            take(samples, stamps_s)
