"""What a soak's checker knows of each stream, and what it complains of."""

import dataclasses

import numpy as np

from eegstream.client import Spec


@dataclasses.dataclass(frozen=True)
class Violation:
    """A promise that was broken."""

    what: str
    stream: str
    run: str
    text: str
    at_s: float


@dataclasses.dataclass
class Heard:
    """What is known of one stream in one run. Numbers that nobody knows, for example after a loss, are None."""

    next_seq: int = 0
    spec: Spec | None = None
    """Of the open epoch."""
    next_epoch: int = 0
    segment: int | None = 0
    next_first: int | None = 0
    next_number: int | None = None
    """Number of the sample that the next patch must begin with."""
    segment_number: int | None = None
    """Number of the running segment's first sample."""
    told_missing: float = 0.0
    """What gaps told as missing since that number was known."""
    life: int | None = None
    last: np.ndarray | None = None
    last_t: float = float("-inf")
    epoch_received: int | None = 0
    received: int | None = 0
    encoded: int | None = 0
    """Sums over all accounts of the run."""
    state_received: int = 0

    def forget(self) -> None:
        """After a loss."""
        self.segment = self.next_first = self.next_number = self.segment_number = self.last = None
        self.epoch_received = self.received = self.encoded = None
