"""Find the events of a segment, on the segment's own clock.

P patches.
"""

from collections.abc import Sequence
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


def placed_events(segment: CodedSegment, events: Sequence[Event]) -> list[PlacedEvent]:
    """The events of the segment's run, in order of time: of its own stream, and of marker streams by their offsets.

    Events of other streams are left out where an offset is not known. They need not lie within the segment.
    """
    found = []
    for event in events:
        if event.run != segment.spec.run or not len(segment.t):
            continue
        t = event.t if event.stream == segment.stream else _moved(event, segment)
        if t is not None:
            found.append(PlacedEvent(t, event.duration, event.label, event.value))
    return sorted(found, key=lambda event: event.t)


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
