"""Start and stop readers as outlets appear and disappear."""

import logging
from collections.abc import Callable, Mapping
from typing import Protocol

from eegstream.daemon.failures import Failures, RefusalLog
from eegstream.lsl.admission import Wishes, refusal
from eegstream.lsl.discovery import FORGET_AFTER_S, Announcement
from eegstream.wire.identity import stream_name
from eegstream.wire.reasons import EndReason

log = logging.getLogger(__name__)

_SILENT_S = 1.0
"""Time for which two outlets with the same id must both be alive before they count as two streams."""
_PATIENCE_S = FORGET_AFTER_S + 1.0
"""If an outlet is still announced this long after the newer one appeared, it is alive: there are two outlets."""
_MOST_RETRYING = 4
"""Outlets that are tried again at a time, so that those that never answer cannot keep new ones waiting."""
_JOIN_S = 0.5
_ASLEEP_S = 1.0
"""Longer between two looks, and this process did not run; readers did not either."""
_HUNG_S = 5.0
"""A pull returns after a fraction of a second, with samples or without. One that takes longer never returns."""


class StreamReader(Protocol):
    """Reads one outlet until it is gone; `lsl.reader.Reader` in the product."""

    stream: Announcement
    wire_name: str
    opened: bool
    last_samples_s: float
    pulled_s: float
    refusal: str | None
    why: str | None

    @property
    def alive(self) -> bool:
        """Whether more samples may come from it."""

    def start(self) -> None:
        """Begin."""

    def stop(self, reason: EndReason) -> None:
        """Ask it to end."""

    def join(self, timeout_s: float) -> bool:
        """Wait for the end; False if it hangs."""

    def abandon(self, why: str) -> None:
        """End it although it hangs."""


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
        self.in_sight = 0
        """Number of selected outlets that are announced, the refused ones, too."""
        self._readers: dict[str, StreamReader] = {}
        """By wire name."""
        self._failures, self._log = Failures(), RefusalLog()
        self._started_s: dict[str, float] = {}
        """By wire name of a reader."""
        self._n_hung = 0
        self._looked_s = self._awake_since_s = clock()
        self._seen_s: dict[str, float] = {}
        """By uid: when an outlet was first seen."""

    @property
    def refusals(self) -> int:
        """How often a stream was refused, or refused for another reason."""
        return self._log.count

    def update(self) -> None:
        """Start, stop and forget readers according to the outlets that are announced now."""
        announced = {stream.uid: stream for stream in self._discovery.announcements() if self._wishes.wants(stream)}
        self.in_sight = len(announced)
        now_s = self._clock()
        if now_s - self._looked_s > _ASLEEP_S:
            self._awake_since_s = now_s
        self._looked_s = now_s
        self._abandon_hung()
        self._bury_ended(announced)
        self._seen_s = {uid: self._seen_s.get(uid, self._clock()) for uid in announced}
        for open_reader in self._readers.values():
            if not self._wishes.wants(open_reader.stream):
                open_reader.stop("deselected")
        reading = {reader.stream.uid: reader for reader in self._readers.values()}
        refused = {}
        # New outlets first.
        for stream in sorted(announced.values(), key=lambda stream: stream.uid in self._failures):
            reader, failure = reading.get(stream.uid), self._failures.get(stream.uid)
            why = self._refusal(stream) if reader is None else None
            if why is not None:
                refused[_base_name(stream)] = why
                continue
            if failure is not None and failure.is_told and not (reader is not None and reader.opened):
                refused[failure.name] = failure.why
            if reader is None and not (failure is not None and failure.is_final):
                self._take(stream, announced)
        self.refused = self._log.tell(refused)

    def _refusal(self, stream: Announcement) -> str | None:
        """Why an outlet is not tried at all."""
        why = refusal(stream, self._wishes)
        failure = self._failures.get(stream.uid)
        if why is None and not (failure is not None and failure.is_final):
            opened = sum(reader.opened for reader in self._readers.values())
            if opened >= self._max_streams:
                return f"{opened} streams are being read, max-streams allows no more"
        return why

    @property
    def is_moving(self) -> bool:
        """Whether some reader moves, or none has been found stuck."""
        return not self._n_hung or any(reader.opened and not self._hangs(reader) for reader in self._readers.values())

    def _hangs(self, reader: StreamReader) -> bool:
        return self._clock() - max(reader.pulled_s, self._awake_since_s) > _HUNG_S

    def _abandon_hung(self) -> None:
        """End the readers whose thread does not come back from liblsl; nothing but the process's end frees it."""
        for reader in self._readers.values():
            if reader.alive and reader.opened and self._hangs(reader):
                self._n_hung += 1
                log.error("%s: its reader hangs in liblsl and is abandoned", reader.wire_name)
                reader.abandon(f"its reader did not come back from liblsl for {_HUNG_S:g} s")

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
        now_s = self._clock()
        for name, reader in list(self._readers.items()):
            if reader.alive:
                continue
            del self._readers[name]
            self._failures.note(
                reader.stream.uid,
                name,
                reader.refusal or reader.why or "its reader ended",
                is_final=reader.refusal is not None,
                was_read=reader.opened,
                lasted_s=now_s - self._started_s.pop(name),
                now_s=now_s,
            )
        self._failures.keep_only(announced)

    def _must_wait(self, stream: Announcement, announced: dict[str, Announcement]) -> bool:
        """Whether there is no place for an outlet yet, or one that failed is not yet to be tried again."""
        failure = self._failures.get(stream.uid)
        if failure is None or len(self._readers) >= self._max_streams:
            return len(self._readers) >= self._max_streams
        retrying = sum(not reader.opened and reader.stream.uid in self._failures for reader in self._readers.values())
        newer = (other for other in announced.values() if other.created_s > stream.created_s)
        return (
            self._clock() < failure.retry_at_s
            or retrying >= _MOST_RETRYING
            or any(_base_name(other) == _base_name(stream) for other in newer)
        )

    def _take(self, stream: Announcement, announced: dict[str, Announcement]) -> None:
        """Start a reader for an outlet, unless it must wait."""
        if self._must_wait(stream, announced):
            return
        name = _base_name(stream)
        holder = self._readers.get(name)
        if holder is not None and (not holder.opened or holder.last_samples_s < self._seen_s[stream.uid] + _SILENT_S):
            # Did the older outlet vanish without notice, or are there two outlets? If the older one still sends a
            # while after the newer one appeared, it is alive. If it is dead, the resolver forgets it.
            is_retried = not holder.opened and holder.stream.uid in self._failures
            if holder.stream.uid not in announced or (is_retried and holder.stream.created_s < stream.created_s):
                holder.stop("replaced")
                return
            if self._clock() - self._seen_s[stream.uid] < _PATIENCE_S:
                return
        twin = 2
        while name in self._readers:
            name = f"{_base_name(stream)}-{twin}"
            twin += 1
        reader = self._make_reader(stream, name)
        self._readers[name], self._started_s[name] = reader, self._clock()
        reader.start()


def _base_name(stream: Announcement) -> str:
    return stream_name(stream.name, stream.type, stream.source_id, stream.hostname)
