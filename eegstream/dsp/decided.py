"""The timeline's results: times of samples, and borders between segments."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BreakKind = Literal["gap", "back", "frozen", "rate", "noclock", "nostamps"]


@dataclass(frozen=True)
class Timed:
    """Times of samples `first` to `first + len(times_s) - 1`, all in the running segment."""

    first: int
    """Running number over all samples ever pushed, from 0."""
    times_s: Floats
    """(T,) by the timestamps' clock; they never step back within a segment."""
    error_s: float = 0.0
    """Bound of their errors, apart from the stream's constant latency; 0 if timestamps are calm."""


@dataclass(frozen=True)
class Break:
    """A border: sample `index` does not belong to the segment before."""

    index: int
    """First sample after the border."""
    kind: BreakKind
    """Timestamps jump forward | step back | stand still | change their pace | have no plausible pace | are not
    finite."""
    offset_s: float
    """Jump of the timestamps; NaN where unknown."""
    missing: int
    """Samples estimated lost in a gap, else 0."""
    skipped: int
    """Samples from `index` on that get no time, because a first block has no clock; else 0."""


def joined(found: list[Timed | Break]) -> list[Timed | Break]:
    """The same items, with neighbouring times joined."""
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
    """Join neighbouring times; at most one item results."""
    if len(run) < 2:
        return run
    return [Timed(run[0].first, np.concatenate([part.times_s for part in run]), run[0].error_s)]
