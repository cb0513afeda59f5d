"""Keep the source samples that later patches can reach, with their provenance.

C channels, T samples in a chunk. Positions count a segment's source samples, including filled ones.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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


@dataclass(frozen=True)
class _Chunk:
    x: NDArray[np.float64]
    replaced: NDArray[np.bool_]
    filled: NDArray[np.bool_]
    times_s: NDArray[np.float64]
    arrived_s: NDArray[np.float64]

    def since(self, start: int) -> "_Chunk":
        return _Chunk(
            self.x[:, start:].copy(),
            self.replaced[:, start:].copy(),
            self.filled[start:].copy(),
            self.times_s[start:].copy(),
            self.arrived_s[start:].copy(),
        )


def _joined(chunks: list[_Chunk]) -> _Chunk:
    return _Chunk(
        np.concatenate([chunk.x for chunk in chunks], axis=1),
        np.concatenate([chunk.replaced for chunk in chunks], axis=1),
        np.concatenate([chunk.filled for chunk in chunks]),
        np.concatenate([chunk.times_s for chunk in chunks]),
        np.concatenate([chunk.arrived_s for chunk in chunks]),
    )


class SourceBuffer:
    """Keep source samples until no later patch can reach them."""

    def __init__(self, grid: Grid, patch: int, hop: int) -> None:
        self._grid, self._patch, self._hop = grid, patch, hop
        self.reset()

    def reset(self) -> None:
        """Forget everything; the next sample has position 0."""
        self._chunks: list[_Chunk] = []
        self._start = 0
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
        if len(times_s):
            self._chunks.append(_Chunk(x, replaced, np.full(len(times_s), filled), times_s, arrived_s))
            self.last_time_s = float(times_s[-1])

    def patch(self, index: int) -> Provenance:
        """Describe patch `index`. Ask for each patch once, in order, when it is complete."""
        first = index * self._hop
        reach_start, reach_stop = self._grid.reach(first, first + self._patch - 1)
        span_start, span_stop = self._grid.span(first, first + self._patch)
        if len(self._chunks) > 1:
            self._chunks = [_joined(self._chunks)]
        kept = self._chunks[0]
        reach = slice(max(0, reach_start) - self._start, reach_stop - self._start)
        span = slice(span_start - self._start, span_stop - self._start)
        fresh = slice(self._covered_until - self._start, span_stop - self._start)
        own = kept.x[:, span]
        source = Provenance(
            replaced=np.any(kept.replaced[:, reach], axis=1),
            flat=np.all(own == own[:, :1], axis=1),
            filled=bool(kept.filled[reach].any()),
            newly_covered=int((~kept.filled[fresh]).sum()),
            t_s=self._time_at(kept, first),
            needed_s=float(kept.times_s[reach.stop - 1]),
            arrived_s=float(kept.arrived_s[reach.stop - 1]),
        )
        self._covered_until = span_stop
        self._forget_before(first + self._hop)
        return source

    def _time_at(self, kept: _Chunk, model_position: int) -> float:
        """The fitted time at source position `model_position` M / L, by linear interpolation between two samples."""
        position, rest = divmod(model_position * self._grid.down, self._grid.up)
        before = float(kept.times_s[position - self._start])
        if rest == 0:
            return before
        after = float(kept.times_s[position + 1 - self._start])
        return before + (after - before) * (rest / self._grid.up)

    def _forget_before(self, model_position: int) -> None:
        """Drop the samples that no patch from `model_position` on can reach."""
        needed = min(self._grid.reach(model_position, model_position)[0], self._covered_until)
        spare = min(max(0, needed) - self._start, len(self._chunks[0].filled))
        if spare > 0:
            self._chunks = [self._chunks[0].since(spare)]
            self._start += spare
