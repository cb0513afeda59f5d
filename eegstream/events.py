"""The results of a stream's signal path: patches, and the closing account of each segment.

C channels, N samples in a patch.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eegstream.wire.reasons import EndReason, GapReason


@dataclass(frozen=True)
class Patch:
    """One patch of every kept channel."""

    segment: int
    index: int
    """Number of the patch in its segment."""
    samples_uv: NDArray[np.float32]
    """(C, N), front-ended."""
    flags: NDArray[np.uint8]
    """(C,), see `PatchFlag`."""
    t_s: float
    """Outlet-clock second of the first sample."""
    t_error_s: float
    """Bound of the error of `t_s` if timestamps come in bursts or late; 0 if they are calm."""
    needed_s: float
    """Outlet-clock second of the last source sample that was needed."""
    arrived_s: float
    """When that sample arrived, by the clock of `push`."""
    covered_before: int
    """Received source samples in the own spans of the segment's earlier patches."""


@dataclass(frozen=True)
class SegmentEnd:
    """A segment's account at its end."""

    segment: int
    reason: GapReason | EndReason
    t_from_s: float | None
    """Time of the last sample plus one interval; None if no sample of the segment had a time."""
    t_to_s: float | None
    """Time of the next segment's first sample; None at the end of an epoch."""
    missing: int | None
    """Source samples estimated lost; None at the end of an epoch, and where unknown."""
    received: int
    discarded: int
    """Received source samples after the last patch's own span."""
    emitted: int
    """Number of patches."""
    tail: int
    """Model-rate samples after the last patch."""


Event = Patch | SegmentEnd


def without_patches(ended: SegmentEnd, first_lost: Patch, patch: int, hop: int) -> SegmentEnd:
    """The account of a segment whose patches from `first_lost` on never got codes.

    `patch` and `hop` are model-rate samples. The samples of those patches count as discarded.
    """

    def outputs_until(emitted: int) -> int:
        return (emitted - 1) * hop + patch if emitted else 0

    return replace(
        ended,
        emitted=first_lost.index,
        discarded=ended.received - first_lost.covered_before,
        tail=ended.tail + outputs_until(ended.emitted) - outputs_until(first_lost.index),
    )
