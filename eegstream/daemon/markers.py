"""The marker streams of a run: which outlets are read, and the messages of what they send."""

import itertools
import logging
import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from eegstream.daemon.marker_messages import MarkerStream
from eegstream.lsl.admission import marker_refusal
from eegstream.lsl.discovery import FORGET_AFTER_S, Announcement
from eegstream.lsl.markers import Marker, MarkerReader
from eegstream.selection import Described
from eegstream.wire.identity import stream_name
from eegstream.wire.messages import Message, State

log = logging.getLogger(__name__)

_MOST_WAITING = 10_000
"""Markers that wait to be published; more are dropped and counted."""
_MOST_OPEN = 64
_MOST_NAMES = 1000
"""Names of marker streams in a run; each keeps its counters to the end."""
_JOIN_S = 0.5
_PATIENCE_S = FORGET_AFTER_S + 1.0
"""After this time an outlet that died without notice is no longer announced: one that is, lives."""


class Announcements(Protocol):
    """The outlets that are announced at present."""

    def announcements(self) -> list[Announcement]:
        """Outlets seen recently, oldest first."""


@dataclass(frozen=True)
class _Item:
    """What happened at a reader."""

    reader: MarkerReader
    what: Marker | Literal["begin", "end"]


class MarkerStreams:
    """Reads marker outlets. The main loop calls `update` and `close`, the worker `due` and `states`.

    `marks` says whether the user wants an outlet as markers; `clock` gives the daemon's clock in seconds.
    """

    def __init__(
        self, discovery: Announcements, marks: Callable[[Described], bool], run: str, clock: Callable[[], float]
    ) -> None:
        self._discovery, self._marks, self._run, self._clock = discovery, marks, run, clock
        self._readers: dict[str, MarkerReader] = {}
        """By wire name; of the main loop."""
        self._since_s: dict[str, float] = {}
        """By uid: since when an outlet has been announced, or its last reader has ended."""
        self._ended: set[str] = set()
        """Uids of outlets whose reader has ended although they are announced."""
        self._told: dict[str, str] = {}
        """By wire name: why an outlet is refused, as last logged."""
        self._waiting: deque[_Item] = deque()
        self._dropped: Counter[MarkerReader] = Counter()
        self._lock = threading.Lock()
        self._streams: dict[str, MarkerStream] = {}
        """By wire name; of the worker."""

    def update(self) -> None:
        """Start and stop readers according to the outlets that are announced now."""
        wanted = {stream.uid: stream for stream in self._discovery.announcements() if self._marks(stream)}
        now_s = self._clock()
        self._since_s = {uid: self._since_s.get(uid, now_s) for uid in wanted}
        self._ended &= wanted.keys()
        for name, reader in list(self._readers.items()):
            if reader.stream.uid not in wanted:
                reader.stop("gone")
            if not reader.alive:
                del self._readers[name]
                self._put(_Item(reader, "end"))
                if reader.stream.uid in wanted:
                    self._ended.add(reader.stream.uid)
                    self._since_s[reader.stream.uid] = now_s
        read = {reader.stream.uid for reader in self._readers.values()}
        refused = {}
        for stream in (stream for uid, stream in wanted.items() if uid not in read):
            why = marker_refusal(stream)
            if why is None and len(self._readers) >= _MOST_OPEN:
                why = f"{_MOST_OPEN} marker streams are being read"
            if why is not None:
                refused[_base_name(stream)] = why
            else:
                self._take(stream, waited_s=now_s - self._since_s[stream.uid])
        for name, why in refused.items():
            if self._told.get(name) != why:
                log.warning("%s is not read as markers: %s", name, why)
        self._told = refused

    def close(self) -> None:
        """Stop every reader; the worker then publishes what they brought, and their ends."""
        for reader in self._readers.values():
            reader.stop("shutdown")
        for name, reader in self._readers.items():
            if not reader.join(_JOIN_S):
                log.warning("%s: its reader hangs in liblsl and is abandoned", name)
            self._put(_Item(reader, "end"))
        self._readers.clear()

    def due(self) -> list[Message]:
        """The messages of all that happened since the last call, in order."""
        with self._lock:
            items, dropped = list(self._waiting), dict(self._dropped)
            self._waiting.clear()
            self._dropped.clear()
        messages = [message for item in items if (message := self._message(item)) is not None]
        for reader, count in dropped.items():
            log.warning("%s: %d markers were dropped, the daemon is behind", reader.wire_name, count)
            if (stream := self._streams.get(reader.wire_name)) is not None:
                stream.drop(count)
        return messages

    def states(self, now_s: float) -> list[State]:
        """The states of all marker streams of the run."""
        return [stream.state(now_s) for stream in self._streams.values()]

    def _take(self, stream: Announcement, waited_s: float) -> None:
        """Start a reader, unless an outlet of the same name, or the end of its own connection, is to be waited for."""
        name = base = _base_name(stream)
        if waited_s < _PATIENCE_S and (base in self._readers or stream.uid in self._ended):
            return
        for twin in itertools.count(2):
            if name not in self._readers:
                break
            name = f"{base}-{twin}"
        reader = MarkerReader(stream, name, lambda marker: self._put(_Item(reader, marker)))
        self._readers[name] = reader
        self._put(_Item(reader, "begin"))
        reader.start()
        log.info("%s: markers are read", name)

    def _put(self, item: _Item) -> None:
        with self._lock:
            if isinstance(item.what, Marker) and len(self._waiting) >= _MOST_WAITING:
                self._dropped[item.reader] += 1
            else:
                self._waiting.append(item)

    def _message(self, item: _Item) -> Message | None:
        name = item.reader.wire_name
        if name not in self._streams and len(self._streams) >= _MOST_NAMES:
            return None
        stream = self._streams.setdefault(name, MarkerStream(name, self._run))
        if isinstance(item.what, Marker):
            return stream.event(item.what, item.reader.stream)
        if item.what == "end":
            return stream.end(item.reader.end_reason)
        stream.begin()
        return None


def _base_name(stream: Announcement) -> str:
    """The wire name; with the type, since a device may give its EEG and its markers one name and one id."""
    identity = f"{stream.source_id}|{stream.type}" if stream.source_id else ""
    return stream_name(stream.name, stream.type, identity, stream.hostname)
