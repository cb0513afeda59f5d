"""Wait for a sign of life of a running daemon: its own state, which it publishes once a second."""

import time
from dataclasses import dataclass
from pathlib import Path

from eegstream.client import State, Subscriber
from eegstream.wire.identity import DAEMON


@dataclass(frozen=True)
class Life:
    """The daemon's own state; without one, what is wrong with the connection, if that is known."""

    state: State | None
    trouble: str | None


def wait_for_life(url: str, keys: Path | str | None, timeout_s: float) -> Life:
    """Wait so many seconds at most for the state of the daemon at `url`.

    Raises:
        ConnectError: `url` is no ZeroMQ address.
        ConfigError: the folder of keys lacks a key.
    """
    deadline_s = time.monotonic() + timeout_s
    with Subscriber(url, DAEMON, keys) as subscriber:
        while (left_s := deadline_s - time.monotonic()) > 0:
            item = subscriber.receive(left_s)
            if isinstance(item, State):
                return Life(item, None)
        return Life(None, subscriber.trouble)
