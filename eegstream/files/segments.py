"""Gather messages into segments, with the codes of each segment as arrays.

P patches, C channels, G codes of a patch.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegstream.errors import CodesFileError
from eegstream.wire.messages import Codes, End, Gap, Message, Spec

_Place = tuple[str, str, int]


@dataclass(frozen=True)
class CodedSegment:
    """The codes of one segment, as arrays."""

    spec: Spec
    """The stream, its channels, and all that is needed to read the codes."""
    segment: int
    index: NDArray[np.int64]
    """(P,), number of each patch in the segment; a jump means lost patches."""
    codes: NDArray[np.uint16]
    """(P, C, G)"""
    flags: NDArray[np.uint8]
    """(P, C)"""
    t: NDArray[np.float64]
    """(P,), outlet-clock second of each patch's first sample."""
    account: Gap | End | None
    """The message that closed the segment; None if the file ends before it."""
    clock_offset: NDArray[np.float64] | None = None
    """(P,), the daemon's clock minus the outlet's in seconds, NaN where it is unknown; None if no message says it."""

    def __repr__(self) -> str:
        patches, channels, codes = self.codes.shape
        closed = self.account.reason if self.account else "the file's end"
        return (
            f"CodedSegment({self.stream}, epoch {self.epoch}, segment {self.segment}: {patches} patches x {channels} "
            f"channels x {codes} codes of {self.spec.model.name}@{self.spec.model.version}, closed by {closed})"
        )

    @property
    def stream(self) -> str:
        """Name of the stream."""
        return self.spec.stream

    @property
    def epoch(self) -> int:
        """Number of the stream's epoch."""
        return self.spec.epoch


def collect_segments(messages: Iterable[Message], origin: str) -> list[CodedSegment]:
    """Gather messages into segments; `origin` names them in errors."""
    known = list(messages)
    # A recording that starts in the middle of an epoch may have codes before the repeated spec.
    specs: dict[_Place, Spec] = {}
    for message in known:
        if isinstance(message, Spec):
            specs.setdefault((message.run, message.stream, message.epoch), message)
    open_codes: dict[tuple[_Place, int], list[Codes]] = {}
    segments = []
    for message in known:
        place = (message.run, message.stream, message.epoch)
        if isinstance(message, Codes):
            if place not in specs:
                raise CodesFileError(f"{origin} has codes of {message.stream} without their spec", "Record again")
            open_codes.setdefault((place, message.segment), []).append(message)
        elif isinstance(message, Gap | End) and place in specs:
            codes = open_codes.pop((place, message.segment), [])
            segments.append(_gather(specs[place], message.segment, codes, message))
    for (place, segment), codes in open_codes.items():
        segments.append(_gather(specs[place], segment, codes, None))
    return segments


def _gather(spec: Spec, segment: int, messages: list[Codes], account: Gap | End | None) -> CodedSegment:
    shape = (len(spec.channels), len(spec.words))
    return CodedSegment(
        spec=spec,
        segment=segment,
        index=np.array([message.first + n for message in messages for n in range(message.shape[0])], np.int64),
        codes=np.concatenate([message.array for message in messages] or [np.empty((0, *shape), np.uint16)]),
        flags=np.concatenate([message.flag_array for message in messages] or [np.empty((0, shape[0]), np.uint8)]),
        t=np.array([t for message in messages for t in message.t], np.float64),
        account=account,
        clock_offset=np.array([message.clock_offset for message in messages for _ in message.t], np.float64),
    )
