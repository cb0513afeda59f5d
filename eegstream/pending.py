"""Events that wait for the encoder, and the messages that they become.

C kept channels, N samples in a patch, G codes of a patch, B patches of one channel in a batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from eegstream.epoch import Clock, Epoch
from eegstream.events import Event, Patch
from eegstream.wire.messages import Codes, End, Gap, Message


class Encoder(Protocol):
    """Encodes patches; `codec.engine.Engine` in the product."""

    def encode(self, patches_uv: NDArray[np.float32], rates_hz: NDArray[np.float32]) -> NDArray[np.int32]:
        """Codes (B, G) of patches (B, N) whose sources run at `rates_hz` (B,)."""


@dataclass(frozen=True)
class PendingEvent:
    """An event that is not a message yet, with the clock values at its time."""

    epoch: Epoch
    event: Event
    clock: Clock
    arrived_s: float

    @property
    def is_lost(self) -> bool:
        """Whether it is a patch that follows one without codes in its segment."""
        return isinstance(self.event, Patch) and self.epoch.is_lost(self.event)

    def message(self, codes: NDArray[np.int32] | None) -> Codes | Gap | End:
        """The message of a patch with its codes (C, G), or of a segment's end."""
        if isinstance(self.event, Patch):
            assert codes is not None  # noqa: S101
            return self.epoch.codes(self.event, codes, self.clock, self.arrived_s)
        return self.epoch.account(self.event)


def encode_pending(pending: Sequence[PendingEvent], encoder: Encoder) -> list[Message]:
    """Encode the patches among `pending` in one batch; return every message in order."""
    codes = encode_patches(pending, encoder)
    return [item.message(found) for item, found in zip(pending, codes, strict=True)]


def encode_patches(pending: Sequence[PendingEvent], encoder: Encoder) -> list[NDArray[np.int32] | None]:
    """The codes (C, G) of each pending patch, channels of all of them in one batch; None for what is no patch."""
    patches = [(item.event.samples_uv, item.epoch.rate_hz) for item in pending if isinstance(item.event, Patch)]
    if not patches:
        return [None] * len(pending)
    sizes = [len(samples_uv) for samples_uv, _ in patches]
    rates_hz = np.repeat(np.array([rate_hz for _, rate_hz in patches], np.float32), sizes)
    codes = encoder.encode(np.concatenate([samples_uv for samples_uv, _ in patches]), rates_hz)
    found = iter(np.split(codes, np.cumsum(sizes)[:-1]))
    return [next(found) if isinstance(item.event, Patch) else None for item in pending]
