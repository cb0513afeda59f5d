"""Find events on the clock of a segment.

P patches.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from eegstream.files.segments import CodedSegment
from eegstream.wire.messages import Event


@dataclass(frozen=True)
class PlacedEvent:
    """An event with its time on the clock of a segment's outlet."""

    t: float
    duration: float | None
    label: str
    value: float | None

    def overlaps(self, start_s: float, stop_s: float) -> bool:
        """Whether it is, or lasts, at a time from `start_s` to before `stop_s`."""
        return self.t < stop_s and (self.t >= start_s or self.t + (self.duration or 0.0) > start_s)


def placed_events(segment: CodedSegment, events: Iterable[Event]) -> list[PlacedEvent]:
    """The events of the segment's run, in order of time: of its own stream, and of marker streams by their offsets.

    Events of other streams are left out where an offset is not known. They need not lie within the segment.
    """
    found = [placed for event in events if (placed := _placed(segment, event)) is not None]
    return sorted(found, key=lambda event: event.t)


def events_of_stream(segments: Sequence[CodedSegment], events: Iterable[Event]) -> list[PlacedEvent]:
    """The events on the clock of a stream, each once and in order of time: by the offsets of the nearest segment."""
    found = []
    for event in events:
        placed = [(_distance_s(segment, one), one) for segment in segments if (one := _placed(segment, event))]
        if placed:
            found.append(min(placed, key=lambda pair: pair[0])[1])
    return sorted(found, key=lambda event: event.t)


def _placed(segment: CodedSegment, event: Event) -> PlacedEvent | None:
    if event.run != segment.spec.run or not len(segment.t):
        return None
    t = event.t if event.stream == segment.stream else _moved(event, segment)
    return None if t is None else PlacedEvent(t, event.duration, event.label, event.value)


def _distance_s(segment: CodedSegment, event: PlacedEvent) -> float:
    return max(float(segment.t[0]) - event.t, event.t - float(segment.t[-1]), 0.0)


def _moved(event: Event, segment: CodedSegment) -> float | None:
    """The time of another stream's event on the segment's clock; None if an offset is not known."""
    if event.clock_offset is None or segment.clock_offset is None:
        return None
    known = np.flatnonzero(np.isfinite(segment.clock_offset))
    if not known.size:
        return None
    on_daemon_s = event.t + event.clock_offset
    nearest = known[np.argmin(np.abs(segment.t[known] + segment.clock_offset[known] - on_daemon_s))]
    return float(on_daemon_s - segment.clock_offset[nearest])
