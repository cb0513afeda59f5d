"""The messages of one marker stream, over its epochs."""

import itertools
from dataclasses import dataclass, field

from eegstream.lsl.discovery import Announcement
from eegstream.lsl.markers import Marker
from eegstream.lsl.metadata import source_of
from eegstream.wire.messages import End, Event, State
from eegstream.wire.reasons import EndReason


@dataclass
class MarkerStream:
    """One stream of the run `run`."""

    name: str
    run: str
    epoch: int = -1
    received: int = 0
    """Markers in this run."""
    in_epoch: int = 0
    dropped: int = 0
    last_seq: int | None = None
    last_t: float | None = None
    is_open: bool = False
    _sequence: "itertools.count[int]" = field(default_factory=itertools.count)

    def next_seq(self) -> int:
        """The number of the stream's next sequenced message."""
        self.last_seq = next(self._sequence)
        return self.last_seq

    def begin(self) -> None:
        """An outlet is read from now on."""
        self.epoch, self.in_epoch, self.last_t, self.is_open = self.epoch + 1, 0, None, True

    def drop(self, count: int) -> None:
        """Markers were received that are not published."""
        self.received += count
        self.in_epoch += count
        self.dropped += count

    def event(self, marker: Marker, outlet: Announcement) -> Event:
        """The message of a marker."""
        self.received, self.in_epoch, self.last_t = self.received + 1, self.in_epoch + 1, marker.t
        return Event(
            stream=self.name,
            run=self.run,
            epoch=self.epoch,
            seq=self.next_seq(),
            t=marker.t,
            clock_offset=marker.clock.offset_s,
            clock_error=marker.clock.error_s,
            duration=None,
            label=marker.label,
            value=marker.value,
            source=source_of(outlet),
        )

    def end(self, reason: EndReason) -> End:
        """The message that closes the epoch."""
        self.is_open = False
        return End(
            stream=self.name,
            run=self.run,
            epoch=self.epoch,
            seq=self.next_seq(),
            segment=0,
            reason=reason,
            t_from=self.last_t,
            t_to=None,
            missing=None,
            received=self.in_epoch,
            discarded=0,
            emitted=0,
            tail=0,
        )

    def state(self, now_s: float) -> State:
        """Its state message."""
        return State(
            stream=self.name,
            run=self.run,
            epoch=max(0, self.epoch),
            last_seq=self.last_seq,
            status="live" if self.is_open else "lost",
            why=None if self.is_open else "the outlet is gone",
            received=self.received,
            encoded=0,
            lag_s=None,
            dropped=self.dropped,
            segment=None,
            t=now_s,
            rate_measured_hz=None,
        )
