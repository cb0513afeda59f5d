"""Start and stop readers as outlets appear and disappear."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from eegstream.lsl.admission import Wishes, refusal
from eegstream.lsl.discovery import FORGET_AFTER_S, Announcement
from eegstream.wire.identity import stream_name
from eegstream.wire.reasons import EndReason

log = logging.getLogger(__name__)

_SILENT_S = 1.0
"""Time for which two outlets with the same id must both be alive before they count as two streams."""
_PATIENCE_S = FORGET_AFTER_S + 1.0
"""If an outlet is still announced this long after the newer one appeared, it is alive: there are two outlets."""
_FIRST_RETRY_S, _LONGEST_RETRY_S = 1.0, 30.0
_JOIN_S = 3.0


@dataclass
class _Retry:
    """When to try a lost outlet again that is still announced."""

    at_s: float
    wait_s: float


class StreamReader(Protocol):
    """Reads one outlet until it is gone; `lsl.reader.Reader` in the product."""

    stream: Announcement
    wire_name: str
    opened: bool
    last_samples_s: float
    refusal: str | None

    @property
    def alive(self) -> bool:
        """Whether more samples may come from it."""

    def start(self) -> None:
        """Begin."""

    def stop(self, reason: EndReason) -> None:
        """Ask it to end."""

    def join(self, timeout_s: float) -> bool:
        """Wait for the end; False if it hangs."""


class Announcements(Protocol):
    """The outlets that are announced at present; `lsl.discovery.Discovery` in the product."""

    def announcements(self) -> list[Announcement]:
        """Outlets seen recently, oldest first."""


class Supervisor:
    """Decide which announced outlets have a reader; used from one thread.

    `make_reader` makes a reader for an outlet under a wire name; `clock` gives the daemon's clock in seconds.
    """

    def __init__(
        self,
        discovery: Announcements,
        wishes: Wishes,
        make_reader: Callable[[Announcement, str], StreamReader],
        max_streams: int,
        clock: Callable[[], float],
    ) -> None:
        self._discovery, self._wishes, self._make_reader = discovery, wishes, make_reader
        self._max_streams, self._clock = max_streams, clock
        self.refused: Mapping[str, str] = {}
        """By wire name: why announced streams are not taken. Replaced as a whole, so other threads may read it."""
        self._readers: dict[str, StreamReader] = {}
        """By wire name."""
        self._useless: dict[str, str] = {}
        """By uid: why an outlet that was opened cannot be used."""
        self._retries: dict[str, _Retry] = {}
        """By uid."""
        self._seen_s: dict[str, float] = {}
        """By uid: when an outlet was first seen."""

    def update(self) -> None:
        """Start, stop and forget readers according to the outlets that are announced now."""
        announced = {stream.uid: stream for stream in self._discovery.announcements() if self._wishes.wants(stream)}
        self._bury_ended(announced)
        self._seen_s = {uid: self._seen_s.get(uid, self._clock()) for uid in announced}
        reading = {reader.stream.uid for reader in self._readers.values()}
        refused = {}
        for stream in announced.values():
            if stream.uid in reading:
                continue
            why = refusal(stream, self._wishes) or self._useless.get(stream.uid)
            if why is None and len(self._readers) >= self._max_streams:
                why = f"{len(self._readers)} streams are being read, max-streams allows no more"
            if why is None:
                self._take(stream, announced)
            else:
                refused[_base_name(stream)] = why
        self.refused = refused

    def close(self) -> None:
        """Stop every reader; a reader that hangs in liblsl is abandoned."""
        for reader in self._readers.values():
            reader.stop("shutdown")
        deadline_s = self._clock() + _JOIN_S
        for reader in self._readers.values():
            if not reader.join(max(0.0, deadline_s - self._clock())):
                log.warning("%s: its reader hangs in liblsl and is abandoned", reader.wire_name)

    def _bury_ended(self, announced: dict[str, Announcement]) -> None:
        """Forget readers that ended, and outlets that are no longer announced."""
        for name, reader in list(self._readers.items()):
            if reader.alive:
                continue
            del self._readers[name]
            uid = reader.stream.uid
            if reader.refusal is not None:
                self._useless[uid] = reader.refusal
            else:
                wait_s = (
                    min(2 * self._retries[uid].wait_s, _LONGEST_RETRY_S) if uid in self._retries else _FIRST_RETRY_S
                )
                self._retries[uid] = _Retry(self._clock() + wait_s, wait_s)
        self._useless = {uid: why for uid, why in self._useless.items() if uid in announced}
        self._retries = {uid: retry for uid, retry in self._retries.items() if uid in announced}

    def _take(self, stream: Announcement, announced: dict[str, Announcement]) -> None:
        """Start a reader for an outlet, unless it must wait."""
        name = _base_name(stream)
        if stream.uid in self._retries:
            newer = (other for other in announced.values() if other.created_s > stream.created_s)
            if self._clock() < self._retries[stream.uid].at_s or any(_base_name(other) == name for other in newer):
                return
        holder = self._readers.get(name)
        if holder is not None and (not holder.opened or holder.last_samples_s < self._seen_s[stream.uid] + _SILENT_S):
            # Did the older outlet vanish without notice, or are there two outlets? If the older one still sends a
            # while after the newer one appeared, it is alive. If it is dead, the resolver forgets it.
            if holder.stream.uid not in announced:
                holder.stop("replaced")
                return
            if self._clock() - self._seen_s[stream.uid] < _PATIENCE_S:
                return
        twin = 2
        while name in self._readers:
            name = f"{_base_name(stream)}-{twin}"
            twin += 1
        reader = self._make_reader(stream, name)
        self._readers[name] = reader
        reader.start()


def _base_name(stream: Announcement) -> str:
    return stream_name(stream.name, stream.type, stream.source_id, stream.hostname)
