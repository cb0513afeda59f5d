"""One stream as a sequence of epochs: each opens when its rate is sure, and ends when that changes.

The daemon and `encode` both run this. A channels of the source, T samples in a chunk.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.channels import select_channels
from eegstream.dsp.pace import RateProbe, grid
from eegstream.dsp.rates import measured_rate
from eegstream.epoch import Epoch, Event, ModelFacts, Place, SignalOptions, StreamGeometry
from eegstream.errors import StreamError
from eegstream.pipeline import EndReason, Patch, SegmentEnd


@dataclass(frozen=True)
class Opened:
    """An epoch begins; its spec is due."""

    epoch: Epoch


@dataclass(frozen=True)
class Happened:
    """Something within an epoch."""

    epoch: Epoch
    event: Event


Step = Opened | Happened


@dataclass(frozen=True)
class _Samples:
    raw: NDArray[np.generic]
    """(A, T)"""
    stamps_s: NDArray[np.float64]
    arrived_s: float


@dataclass(frozen=True)
class _Dropped:
    count: int


@dataclass(frozen=True)
class _Pause:
    pass


class Following:
    """Turn what one outlet sends into epochs.

    Samples wait until the stream's true rate is sure, half a second for most streams. Rates are looked at on a grid
    of samples, so that nothing depends on how they came in chunks.

    Raises:
        ConfigError: a unit of the options is not known.
        StreamError: no channel is EEG, or the stream states no rate and the user gives none.
    """

    def __init__(
        self, geometry: StreamGeometry, facts: ModelFacts, options: SignalOptions, place: Callable[[], Place]
    ) -> None:
        select_channels(geometry.labels, geometry.types, geometry.units, options.choice)
        nominal_hz = options.rate_hz or geometry.rate_hz
        if not nominal_hz > 0:
            raise StreamError("its rate is irregular, expected a fixed sampling rate", "Give its rate with --rate")
        self._geometry, self._facts, self._options, self._next_place = geometry, facts, options, place
        self._nominal_hz = nominal_hz
        self._grid = grid(nominal_hz)
        self.epoch: Epoch | None = None
        """The one that is open; None while the rate is not sure."""
        self._begin_probe(nominal_hz)

    def _begin_probe(self, expected_hz: float) -> None:
        self._probe = RateProbe(expected_hz)
        self._waiting: list[_Samples | _Dropped | _Pause] = []
        self._on_grid = 0
        """Samples since the grid's last point."""

    def push(self, raw: NDArray[np.generic], stamps_s: NDArray[np.float64], arrived_s: float) -> list[Step]:
        """Take a chunk (A, T) in the source's units with its stamps (T,); return what it brings, in order."""
        steps: list[Step] = []
        taken = 0
        while taken < len(stamps_s):
            part = slice(taken, taken + self._grid - self._on_grid)
            piece = _Samples(raw[:, part], stamps_s[part], arrived_s)
            taken += len(piece.stamps_s)
            self._on_grid = (self._on_grid + len(piece.stamps_s)) % self._grid
            steps += self._take(piece)
            if self._on_grid == 0:
                steps += self._look_at_rate()
        return steps

    def overflow(self, dropped: int) -> list[Step]:
        """End the segment because `dropped` samples were received but could not be queued."""
        return self._take(_Dropped(dropped))

    def pause(self) -> list[Step]:
        """End the segment because the source paused here, nobody knows for how long."""
        return self._take(_Pause())

    def finish(self, reason: EndReason) -> list[Step]:
        """End the stream; nothing may be pushed afterwards."""
        steps: list[Step] = []
        if self.epoch is None:
            steps = self._open(self._probe.final_rate_hz())
        return steps + self._close(reason)

    def _take(self, piece: _Samples | _Dropped | _Pause) -> list[Step]:
        if self.epoch is not None:
            return self._pass_on(self.epoch, piece)
        self._waiting.append(piece)
        if isinstance(piece, _Samples) and self._options.rate_hz is None:
            self._probe.push(piece.stamps_s)
            return []
        return self._open(self._nominal_hz) if self._options.rate_hz is not None else []

    def _look_at_rate(self) -> list[Step]:
        if self.epoch is None:
            rate_hz = self._probe.rate_hz()
            return [] if rate_hz is None else self._open(rate_hz)
        changed_hz = self.epoch.pipeline.changed_rate_hz
        if changed_hz is None:
            return []
        steps = self._close("replaced")
        self._begin_probe(measured_rate(changed_hz))
        return steps

    def _open(self, rate_hz: float) -> list[Step]:
        """Open an epoch at this rate and give it what waits."""
        epoch = self.epoch = Epoch(self._geometry, self._facts, self._options, self._next_place(), rate_hz)
        steps: list[Step] = [Opened(epoch)]
        for piece in self._waiting:
            steps += self._pass_on(epoch, piece)
        self._waiting = []
        return steps

    def _close(self, reason: EndReason) -> list[Step]:
        assert self.epoch is not None  # noqa: S101
        epoch, self.epoch = self.epoch, None
        return [Happened(epoch, event) for event in epoch.pipeline.finish(reason)]

    @staticmethod
    def _pass_on(epoch: Epoch, piece: _Samples | _Dropped | _Pause) -> list[Step]:
        pipeline = epoch.pipeline
        events: list[Patch | SegmentEnd]
        if isinstance(piece, _Samples):
            events = pipeline.push(piece.raw, piece.stamps_s, piece.arrived_s)
        elif isinstance(piece, _Dropped):
            events = pipeline.overflow(piece.count)
        else:
            events = pipeline.pause()
        return [Happened(epoch, event) for event in events]
