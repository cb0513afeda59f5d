"""Chunks of a stream that wait are taken together: the signal path costs the same for ten samples as for forty.

A channels of a source, n samples in a chunk.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegstream.daemon.inbox import Closed, Dropped, Item, Opened, Samples
from eegstream.lsl.reader import Reader

_MOST_S = 0.25
"""Samples that are taken together span at most this time, so that other streams do not wait much longer."""


@dataclass(frozen=True)
class Together:
    """Chunks of one reader that follow each other; at least one."""

    reader: Reader
    chunks: list[Samples] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Number of samples."""
        return sum(len(chunk.timestamps_s) for chunk in self.chunks)

    @property
    def raw(self) -> NDArray[Any]:
        """Samples (A, n), in the source's units and format."""
        first, *others = (chunk.raw for chunk in self.chunks)
        return np.concatenate((first, *others), axis=1) if others else first

    @property
    def timestamps_s(self) -> NDArray[np.float64]:
        """Of the sender, (n,)."""
        return np.concatenate([chunk.timestamps_s for chunk in self.chunks])

    @property
    def arrived_s(self) -> NDArray[np.float64]:
        """When each sample arrived, (n,)."""
        arrivals = [chunk.arrived_s for chunk in self.chunks]
        return np.repeat(arrivals, [len(chunk.timestamps_s) for chunk in self.chunks])


Work = Opened | Together | Dropped | Closed


def together(items: Iterable[Item]) -> list[Work]:
    """The same items; chunks of a reader stand together where its first one stood, unless another item lies between."""
    ordered: list[Work] = []
    open_: dict[Reader, Together] = {}
    for item in items:
        if not isinstance(item, Samples):
            open_.pop(item.reader, None)
            ordered.append(item)
            continue
        running = open_.get(item.reader)
        if running is None or running.count + len(item.timestamps_s) > _MOST_S * item.reader.rate_hz:
            running = open_[item.reader] = Together(item.reader)
            ordered.append(running)
        running.chunks.append(item)
    return ordered
