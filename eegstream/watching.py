"""What a daemon's messages say at a glance: one row per stream, and one for the daemon. No socket, no screen.

P patches, C channels, G codes of a patch.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from eegstream.client import Codes, Damaged, Event, Gap, Loss, Message, Spec, State
from eegstream.wire.identity import DAEMON

WINDOW_S = 10.0
"""Rates and shares are those of this time."""
SILENT_S = 3.0
"""A daemon sends the state of each stream once a second; after this time without a message something is wrong."""
_FORGET_S = 30.0
_LATE = 2.5
"""Codes that are later than so many of their usual intervals count as none."""


@dataclass(frozen=True)
class StreamRow:
    """One stream; None for what is not known yet."""

    stream: str
    status: str
    """As in the newest state; `silent` if no message came for three seconds."""
    why: str | None
    n_channels: int | None
    rate_hz: float | None
    """Measured; before that, as stated."""
    codes_per_s: float | None
    """Numbers (P * C * G) that came per second."""
    lag_s: float | None
    gaps: int
    """Gaps that were seen since the watch began."""
    flagged: float | None
    """Share of the patches of single channels that have a flag."""
    mains_hz: int | None
    """Of 50 and 60 Hz, the one with more energy."""
    mains_share: float | None
    last_codes: tuple[int, ...]
    """(G,) of the newest patch, first channel."""
    events: int
    lost: int
    """Messages that were sent, but did not come here."""
    dropped: int
    """Samples that the daemon dropped in this run."""


@dataclass(frozen=True)
class DaemonRow:
    """The daemon itself."""

    alive: bool
    """Whether it gave a sign of life within the last three seconds."""
    run: str | None
    received: int
    encoded: int
    dropped: int
    lag_s: float | None
    why: str | None
    damaged: int
    """Messages that could not be read."""


@dataclass(frozen=True)
class Snapshot:
    """Everything, at one moment."""

    daemon: DaemonRow
    streams: tuple[StreamRow, ...]
    """By name."""


@dataclass
class _Stream:
    """What is kept of a stream."""

    run: str
    heard_s: float
    spec: Spec | None = None
    state: State | None = None
    arrivals: deque[tuple[float, int, int, int]] = field(default_factory=deque)
    """Moment, codes, patches of single channels, and flagged ones."""
    last_codes: tuple[int, ...] = ()
    gaps: int = 0
    events: int = 0
    lost: int = 0


class Watch:
    """Takes what a subscriber hears, and tells how it stands. Moments are seconds of any one clock."""

    def __init__(self) -> None:
        self._streams: dict[str, _Stream] = {}
        self._daemon: State | None = None
        self._daemon_heard_s = float("-inf")
        self._damaged = 0

    def take(self, item: Message | Loss | Damaged, now_s: float) -> None:
        """Note an item that came at `now_s`."""
        if isinstance(item, Damaged):
            self._damaged += item.count
        elif item.stream == DAEMON:
            if isinstance(item, State):
                self._take_daemon(item, now_s)
        else:
            self._take_stream(item, now_s)

    def _take_daemon(self, state: State, now_s: float) -> None:
        if self._daemon is not None and self._daemon.run != state.run:
            self._streams = {name: kept for name, kept in self._streams.items() if kept.run == state.run}
        self._daemon, self._daemon_heard_s = state, now_s

    def _take_stream(self, item: Message | Loss, now_s: float) -> None:
        kept = self._streams.get(item.stream)
        if kept is None or kept.run != item.run:
            kept = self._streams[item.stream] = _Stream(item.run, now_s)
        kept.heard_s = now_s
        if isinstance(item, Loss):
            kept.lost += item.count
        elif isinstance(item, Spec):
            kept.spec = item
        elif isinstance(item, State):
            kept.state = item
        elif isinstance(item, Gap):
            kept.gaps += 1
        elif isinstance(item, Event):
            kept.events += 1
        elif isinstance(item, Codes) and item.codes:
            patches, channels, _ = item.shape
            flagged = int(np.count_nonzero(item.flag_array))
            kept.arrivals.append((now_s, item.array.size, patches * channels, flagged))
            kept.last_codes = tuple(item.array[-1, 0].tolist())

    def snapshot(self, now_s: float) -> Snapshot:
        """How it stands at `now_s`."""
        return Snapshot(self._daemon_row(now_s), tuple(self._rows(now_s)))

    def _daemon_row(self, now_s: float) -> DaemonRow:
        state = self._daemon
        alive = now_s - self._daemon_heard_s <= SILENT_S
        if state is None:
            return DaemonRow(alive, None, 0, 0, 0, None, None, self._damaged)
        counts = (state.received, state.encoded, state.dropped)
        return DaemonRow(alive, state.run, *counts, state.lag_s, state.why, self._damaged)

    def _rows(self, now_s: float) -> Iterator[StreamRow]:
        for name in sorted(self._streams):
            kept = self._streams[name]
            is_forgotten = now_s - kept.heard_s > _FORGET_S and now_s - self._daemon_heard_s <= SILENT_S
            if is_forgotten:
                del self._streams[name]
                continue
            while kept.arrivals and now_s - kept.arrivals[0][0] > WINDOW_S:
                kept.arrivals.popleft()
            yield _row(name, kept, now_s)


def _row(name: str, kept: _Stream, now_s: float) -> StreamRow:
    state, spec = kept.state, kept.spec
    patches = sum(arrival[2] for arrival in kept.arrivals)
    mains_hz, mains_share = _mains(state)
    measured_hz = None if state is None else state.rate_measured_hz
    status = "-" if state is None else state.status
    return StreamRow(
        stream=name,
        status="silent" if now_s - kept.heard_s > SILENT_S else status,
        why=None if state is None else state.why,
        n_channels=None if spec is None else len(spec.channels),
        rate_hz=measured_hz if measured_hz is not None or spec is None else spec.rate_hz,
        codes_per_s=_per_second(kept.arrivals, now_s),
        lag_s=None if state is None else state.lag_s,
        gaps=kept.gaps,
        flagged=sum(arrival[3] for arrival in kept.arrivals) / patches if patches else None,
        mains_hz=mains_hz,
        mains_share=mains_share,
        last_codes=kept.last_codes,
        events=kept.events,
        lost=kept.lost,
        dropped=0 if state is None else state.dropped,
    )


def _per_second(arrivals: deque[tuple[float, int, int, int]], now_s: float) -> float | None:
    """Codes after the first arrival, per second since it; None if one arrival alone says nothing.

    The time ends with the last arrival, because the next one is not due; but if it is late, the time goes on.
    """
    if len(arrivals) < 2:
        return None
    first_s, last_s = arrivals[0][0], arrivals[-1][0]
    usual_s = (last_s - first_s) / (len(arrivals) - 1)
    end_s = now_s if now_s - last_s > _LATE * usual_s else last_s
    codes = sum(arrival[1] for arrival in arrivals) - arrivals[0][1]
    return codes / (end_s - first_s) if end_s > first_s else None


def _mains(state: State | None) -> tuple[int | None, float | None]:
    shares = (state.mains_share if state is not None else None) or {}
    known = [(share, int(line)) for line, share in shares.items() if share is not None]
    if not known:
        return None, None
    share, line_hz = max(known)
    return line_hz, share
