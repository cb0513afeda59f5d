"""What the timeline says of a stream: times of its samples, and borders between segments."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BreakKind = Literal["gap", "back", "frozen", "rate", "noclock", "nostamps"]


@dataclass(frozen=True)
class Timed:
    """Samples `first` .. `first + len(times_s) - 1` got their times, all in the running segment."""

    first: int
    """Running number over all samples ever pushed, from 0."""
    times_s: Floats
    """(T,) in the stamps' clock, never falling within a segment."""
    error_s: float = 0.0
    """Bound of their errors beyond the stream's constant latency; 0 where stamps are calm."""


@dataclass(frozen=True)
class Break:
    """A border: sample `index` does not belong to the segment before."""

    index: int
    """First sample behind the border."""
    kind: BreakKind
    """Stamps jump forward | step back | stand still | run at another pace | at no plausible one | are not finite."""
    offset_s: float
    """Jump of the stamps; NaN where unknown."""
    missing: int
    """Samples estimated lost in a gap, else 0."""
    skipped: int
    """Samples from `index` on that get no time, because a first block has no clock; else 0."""


def joined(found: list[Timed | Break]) -> list[Timed | Break]:
    """The same with neighbouring times in one piece."""
    joined: list[Timed | Break] = []
    run: list[Timed] = []
    for item in found:
        if isinstance(item, Timed) and (not run or run[0].error_s == item.error_s):
            run.append(item)
            continue
        joined += _one(run)
        run = [item] if isinstance(item, Timed) else []
        if isinstance(item, Break):
            joined.append(item)
    return joined + _one(run)


def _one(run: list[Timed]) -> list[Timed]:
    """Neighbouring times as one, if there are any."""
    if len(run) < 2:
        return run
    return [Timed(run[0].first, np.concatenate([part.times_s for part in run]), run[0].error_s)]
