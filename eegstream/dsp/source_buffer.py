"""Keep the source samples that later patches can reach, with their provenance.

C channels, T samples in a chunk. Positions count a segment's source samples, including filled ones.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.history import History
from eegstream.dsp.resample import Grid


@dataclass(frozen=True)
class Provenance:
    """What is known of the source samples behind one patch."""

    replaced: NDArray[np.bool_]
    """(C,): whether replaced samples lie within the patch's reach."""
    flat: NDArray[np.bool_]
    """(C,): whether the source is constant over the patch's own span."""
    filled: bool
    """Whether filled samples lie within the patch's reach."""
    newly_covered: int
    """Received samples within the patch's own span that no earlier patch covered."""
    t_s: float
    needed_s: float
    arrived_s: float


class SourceBuffer:
    """Keep the source samples of C channels until no later patch can reach them."""

    def __init__(self, grid: Grid, n_channels: int, patch: int, hop: int) -> None:
        self._grid, self._n_channels, self._patch, self._hop = grid, n_channels, patch, hop
        self.reset()

    def reset(self) -> None:
        """Forget everything; the next sample has position 0."""
        self._x = History((self._n_channels,), np.float64)
        self._replaced = History((self._n_channels,), np.bool_)
        self._filled = History((), np.bool_)
        self._times_s = History((), np.float64)
        self._arrived_s = History((), np.float64)
        self._covered_until = 0
        self.last_time_s = float("nan")
        """Time of the newest sample."""

    def push(
        self,
        x: NDArray[np.float64],
        replaced: NDArray[np.bool_],
        times_s: NDArray[np.float64],
        arrived_s: NDArray[np.float64],
        *,
        filled: bool,
    ) -> None:
        """Remember a chunk: samples and replacements (C, T), times and arrivals (T,)."""
        if not len(times_s):
            return
        self._x.push(x.T)
        self._replaced.push(replaced.T)
        self._filled.push(np.full(len(times_s), filled))
        self._times_s.push(times_s)
        self._arrived_s.push(arrived_s)
        self.last_time_s = float(times_s[-1])

    def patch(self, index: int) -> Provenance:
        """Describe patch `index`. Ask for each patch once, in order, when it is complete."""
        first = index * self._hop
        reach_start, reach_stop = self._grid.reach(first, first + self._patch - 1)
        reach_start = max(0, reach_start)
        span_start, span_stop = self._grid.span(first, first + self._patch)
        source = Provenance(
            replaced=np.any(self._replaced.between(reach_start, reach_stop), axis=0),
            flat=_constant(self._x.between(span_start, span_stop)),
            filled=bool(self._filled.between(reach_start, reach_stop).any()),
            newly_covered=int((~self._filled.between(self._covered_until, span_stop)).sum()),
            t_s=self._time_at(first),
            needed_s=self._at(self._times_s, reach_stop - 1),
            arrived_s=self._at(self._arrived_s, reach_stop - 1),
        )
        self._covered_until = span_stop
        self._forget_before(first + self._hop)
        return source

    def _time_at(self, model_position: int) -> float:
        """The fitted time at source position `model_position` M / L, by linear interpolation between two samples."""
        position, rest = divmod(model_position * self._grid.down, self._grid.up)
        before = self._at(self._times_s, position)
        if rest == 0:
            return before
        after = self._at(self._times_s, position + 1)
        return before + (after - before) * (rest / self._grid.up)

    @staticmethod
    def _at(history: History[np.float64], position: int) -> float:
        return float(history.between(position, position + 1)[0])

    def _forget_before(self, model_position: int) -> None:
        """Drop the samples that no patch from `model_position` on can reach."""
        needed = min(self._grid.reach(model_position, model_position)[0], self._covered_until)
        for history in (self._x, self._replaced, self._filled, self._times_s, self._arrived_s):
            history.forget_before(needed)


def _constant(x: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each channel (C,) of finite samples (T, C) has one value; T may be 0."""
    if not len(x):
        return np.ones(x.shape[1], np.bool_)
    constant: NDArray[np.bool_] = x[-1] == x[0]
    suspects = np.flatnonzero(constant)
    constant[suspects] = (x[:, suspects] == x[0, suspects]).all(axis=0)
    return constant
