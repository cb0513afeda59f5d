"""Events that wait for the encoder, and the messages that they become.

C kept channels, N samples in a patch, G codes of a patch, B patches of one channel in a batch.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from eegstream.epoch import Clock, Epoch
from eegstream.events import Event, Patch
from eegstream.wire.messages import Message


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


def encode_pending(pending: Iterable[PendingEvent], encoder: Encoder) -> list[Message]:
    """Encode the patches among `pending` in one batch; return every message in order."""
    pending = list(pending)
    patches = [item for item in pending if isinstance(item.event, Patch)]
    codes = iter(_encode_patches(patches, encoder))
    messages: list[Message] = []
    for item in pending:
        if isinstance(item.event, Patch):
            messages.append(item.epoch.codes(item.event, next(codes), item.clock, item.arrived_s))
        else:
            messages.append(item.epoch.account(item.event))
    return messages


def _encode_patches(pending: list[PendingEvent], encoder: Encoder) -> list[NDArray[np.int32]]:
    """The codes (C, G) of each pending patch, channels of all of them in one batch."""
    rows = [item.event.samples_uv for item in pending if isinstance(item.event, Patch)]
    if not rows:
        return []
    sizes = [len(samples_uv) for samples_uv in rows]
    rates_hz = np.repeat([np.float32(item.epoch.rate_hz) for item in pending], sizes)
    codes = encoder.encode(np.concatenate(rows), rates_hz)
    return np.split(codes, np.cumsum(sizes)[:-1])
