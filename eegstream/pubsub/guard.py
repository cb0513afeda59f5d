"""Limits on what subscribers may ask of the publishing socket. Pure: time and closing come in as arguments."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

MOST_CONNECTIONS = 256
MOST_SUBSCRIPTIONS = 64
"""Different subscriptions of one connection."""
MOST_SUBSCRIPTIONS_IN_ALL = 1024
CHANGES_AT_ONCE = 128
CHANGES_PER_S = 20
"""Subscriptions and their ends, of one connection."""

_LIKE_A_TOPIC = re.compile(rb"(?:[a-z0-9_-]{1,64}(?:/[a-z0-9_]{0,64})?)?")


class Bucket:
    """Allows `at_once` in a burst and `per_s` in the long run."""

    def __init__(self, at_once: float, per_s: float) -> None:
        self._size, self._per_s = at_once, per_s
        self._left, self._seen_s = at_once, 0.0

    def take(self, count: float, now_s: float) -> bool:
        """Whether `count` more are allowed now; if so, they are counted."""
        self._left = min(self._size, self._left + max(0.0, now_s - self._seen_s) * self._per_s)
        self._seen_s = now_s
        if count > self._left:
            return False
        self._left -= count
        return True


@dataclass
class _Connection:
    prefixes: set[bytes] = field(default_factory=set)
    changes: Bucket = field(default_factory=lambda: Bucket(CHANGES_AT_ONCE, CHANGES_PER_S))
    user: str | None = None
    """The public key that it showed; None without encryption."""
    closing: bool = False
    opened_s: float | None = None
    """When its traffic was first looked at."""


class Guard:
    """Decides which subscriptions take effect, and which connections are closed.

    A connection is named by its file descriptor. `close` closes it; `closed` says that it is over.
    """

    def __init__(self, close: Callable[[int], None], most_connections: int = MOST_CONNECTIONS) -> None:
        self._close, self._most_connections = close, most_connections
        self._connections: dict[int, _Connection] = {}
        self._subscriptions = 0
        self.refused = 0
        """Number of connections closed so far."""
        self.last_refusal = ""
        """Why the last one was closed."""

    def opened(self, connection: int) -> None:
        """Note a new connection. If there are too many, close the oldest one without a subscription, or the new one."""
        self.closed(connection)
        self._connections[connection] = _Connection()
        if len(self._connections) > self._most_connections:
            open_ones = {name: each for name, each in self._connections.items() if not each.closing}
            if len(open_ones) > self._most_connections:
                silent = (name for name, each in open_ones.items() if not each.prefixes)
                self.refuse(next(silent, connection), f"more than {self._most_connections} connections")

    def closed(self, connection: int) -> None:
        """Forget a connection."""
        peer = self._connections.pop(connection, None)
        if peer is not None:
            self._subscriptions -= len(peer.prefixes)

    def subscribes(self, connection: int, prefix: bytes, now_s: float, user: str | None = None) -> bool:
        """Whether a subscription takes effect."""
        peer = self._peer(connection, now_s)
        if peer is None:
            return False
        peer.user = user
        if prefix not in peer.prefixes:
            peer.prefixes.add(prefix)
            self._subscriptions += 1
        if len(peer.prefixes) > MOST_SUBSCRIPTIONS:
            self.refuse(connection, f"more than {MOST_SUBSCRIPTIONS} subscriptions of one connection")
        elif self._subscriptions > MOST_SUBSCRIPTIONS_IN_ALL:
            largest = max(self._connections, key=lambda name: len(self._connections[name].prefixes))
            self.refuse(largest, f"more than {MOST_SUBSCRIPTIONS_IN_ALL} subscriptions; this connection had most")
        return not peer.closing and _LIKE_A_TOPIC.fullmatch(prefix) is not None

    def unsubscribes(self, connection: int, prefix: bytes, now_s: float) -> bool:
        """Whether the end of a subscription takes effect."""
        peer = self._peer(connection, now_s)
        if peer is None:
            return False
        if prefix in peer.prefixes:
            peer.prefixes.remove(prefix)
            self._subscriptions -= 1
        return True

    def refuse(self, connection: int, why: str) -> None:
        """Close a connection, once."""
        peer = self._connections.setdefault(connection, _Connection())
        if peer.closing:
            return
        peer.closing = True
        self._subscriptions -= len(peer.prefixes)
        peer.prefixes.clear()
        self.refused += 1
        self.last_refusal = why
        self._close(connection)

    def look_at_traffic(self, received_bytes: Callable[[int], int], now_s: float, at_once: int, per_s: int) -> None:
        """Close connections that have sent more than `at_once` bytes and `per_s` bytes a second."""
        for name, peer in list(self._connections.items()):
            if peer.opened_s is None:
                peer.opened_s = now_s
            if not peer.closing and received_bytes(name) > at_once + per_s * (now_s - peer.opened_s):
                self.refuse(name, f"more than {at_once >> 10} KiB at once")

    def refuse_users(self, is_allowed: Callable[[str], bool]) -> None:
        """Close the connections of users that are no longer allowed."""
        for name, peer in list(self._connections.items()):
            if peer.user is not None and not is_allowed(peer.user):
                self.refuse(name, "its key is no longer allowed")

    def _peer(self, connection: int, now_s: float) -> _Connection | None:
        """The connection, after counting a change of it; None if it is being closed."""
        peer = self._connections.setdefault(connection, _Connection())
        if not peer.closing and not peer.changes.take(1, now_s):
            self.refuse(connection, f"more than {CHANGES_PER_S} changes of subscriptions a second")
        return None if peer.closing else peer
