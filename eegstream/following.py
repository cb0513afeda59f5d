"""Follow one stream at its real rate: open a pipeline when the rate is certain, and a new one when it changes.

The daemon, `encode` and training run this code. A channels of the source, T samples in a chunk.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.pace import RateProbe, grid
from eegstream.dsp.rates import measured_rate
from eegstream.dsp.untimed import Arrivals, some_of
from eegstream.errors import StreamError
from eegstream.events import Event
from eegstream.wire.reasons import EndReason


class Followed(Protocol):
    """Takes a stream's samples at one rate; `StreamPipeline` and `Epoch` implement it."""

    @property
    def changed_rate_hz(self) -> float | None:
        """The stream's new rate, if it changed, which ends this object's work; else None."""

    @property
    def remark(self) -> str | None:
        """Why nothing is encoded, or what is unusual about the signal; None if all is well."""

    def push(self, raw: NDArray[np.generic], timestamps_s: NDArray[np.float64], arrived_s: Arrivals) -> list[Event]:
        """Take a chunk (A, T) with its timestamps (T,) and arrivals."""

    def overflow(self, dropped: int) -> list[Event]:
        """Note that `dropped` samples were received but could not be queued."""

    def pause(self) -> list[Event]:
        """Note that the source paused here."""

    def finish(self, reason: EndReason) -> list[Event]:
        """Note that no more samples come."""


F = TypeVar("F", bound=Followed)


@dataclass(frozen=True)
class Opened(Generic[F]):
    """The stream's rate is certain, and an object for its samples was opened."""

    followed: F


@dataclass(frozen=True)
class Happened(Generic[F]):
    """An event of the object that was opened last."""

    followed: F
    event: Event


@dataclass(frozen=True)
class _Samples:
    raw: NDArray[np.generic]
    """(A, T)"""
    timestamps_s: NDArray[np.float64]
    arrived_s: Arrivals


_MOST_WAITING = 8_000_000
"""Numbers, over all channels, that wait for a rate at most; a stream with more of them opens at its stated rate."""


@dataclass(frozen=True)
class _Dropped:
    count: int


@dataclass(frozen=True)
class _Pause:
    pass


_Piece = _Samples | _Dropped | _Pause


class Following(Generic[F]):
    """Measure a stream's rate, open an object that takes its samples at that rate, and a new one if the rate changes.

    Samples wait until the rate is certain, half a second for most streams. Rates are checked on a grid of samples, so
    the result does not depend on chunking. `is_given` means that the user gave the rate: then no samples wait.

    Raises:
        StreamError: the stream states no rate and the user gives none.
    """

    def __init__(self, nominal_hz: float, open_at: Callable[[float], F], *, is_given: bool = False) -> None:
        if not nominal_hz > 0:
            raise StreamError("its rate is irregular, expected a fixed sampling rate", "Give its rate with --rate")
        self._nominal_hz, self._open_at, self._is_given = nominal_hz, open_at, is_given
        self._grid = grid(nominal_hz)
        self.current: F | None = None
        """The open object; None while the rate is not certain."""
        self._begin_probe(nominal_hz)

    def _begin_probe(self, expected_hz: float) -> None:
        self._probe = RateProbe(expected_hz)
        self._waiting: list[_Piece] = []
        self._on_grid = 0
        """Samples since the grid's last point."""

    @property
    def remark(self) -> str | None:
        """As `Followed.remark`; also while the rate is not certain."""
        return self._probe.remark if self.current is None else self.current.remark

    def push(
        self, raw: NDArray[np.generic], timestamps_s: NDArray[np.float64], arrived_s: Arrivals
    ) -> list[Opened[F] | Happened[F]]:
        """Take a chunk (A, T) in the source's units with its timestamps (T,); return what it completes, in order."""
        steps: list[Opened[F] | Happened[F]] = []
        taken = 0
        while taken < len(timestamps_s):
            part = slice(taken, taken + self._grid - self._on_grid)
            piece = _Samples(raw[:, part], timestamps_s[part], some_of(arrived_s, part))
            taken += len(piece.timestamps_s)
            self._on_grid = (self._on_grid + len(piece.timestamps_s)) % self._grid
            steps += self._take(piece)
            if self._on_grid == 0:
                steps += self._look_at_rate()
        return steps

    def overflow(self, dropped: int) -> list[Opened[F] | Happened[F]]:
        """End the segment because `dropped` samples were received but could not be queued."""
        return self._take(_Dropped(dropped))

    def pause(self) -> list[Opened[F] | Happened[F]]:
        """End the segment because the source paused here for an unknown time."""
        return self._take(_Pause())

    def finish(self, reason: EndReason) -> list[Opened[F] | Happened[F]]:
        """End the stream; nothing may be pushed afterwards."""
        steps: list[Opened[F] | Happened[F]] = []
        if self.current is None:
            steps += self._open(self._nominal_hz if self._is_given else self._probe.final_rate_hz())
        return steps + self._close(reason)

    def _take(self, piece: _Piece) -> list[Opened[F] | Happened[F]]:
        if self.current is not None:
            return self._pass_on(self.current, piece)
        self._waiting.append(piece)
        if self._is_given:
            return self._open(self._nominal_hz)
        if isinstance(piece, _Samples):
            self._probe.push(piece.timestamps_s)
        return []

    def _look_at_rate(self) -> list[Opened[F] | Happened[F]]:
        if self.current is None:
            rate_hz = self._probe.rate_hz()
            if rate_hz is None and sum(p.raw.size for p in self._waiting if isinstance(p, _Samples)) > _MOST_WAITING:
                rate_hz = self._nominal_hz
            return [] if rate_hz is None else self._open(rate_hz)
        changed_hz = self.current.changed_rate_hz
        if changed_hz is None:
            return []
        steps = self._close("replaced")
        self._begin_probe(measured_rate(changed_hz))
        return steps

    def _open(self, rate_hz: float) -> list[Opened[F] | Happened[F]]:
        """Open at this rate, and pass on the waiting samples."""
        current = self.current = self._open_at(rate_hz)
        steps: list[Opened[F] | Happened[F]] = [Opened(current)]
        for piece in self._waiting:
            steps += self._pass_on(current, piece)
        self._waiting = []
        return steps

    def _close(self, reason: EndReason) -> list[Opened[F] | Happened[F]]:
        assert self.current is not None  # noqa: S101
        current, self.current = self.current, None
        return [Happened(current, event) for event in current.finish(reason)]

    @staticmethod
    def _pass_on(current: F, piece: _Piece) -> list[Opened[F] | Happened[F]]:
        if isinstance(piece, _Samples):
            events = current.push(piece.raw, piece.timestamps_s, piece.arrived_s)
        elif isinstance(piece, _Dropped):
            events = current.overflow(piece.count)
        else:
            events = current.pause()
        return [Happened(current, event) for event in events]
