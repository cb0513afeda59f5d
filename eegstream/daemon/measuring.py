"""The encoder and the publisher, with the time that they take; and a line in the log for each border.

B patches in a batch, N samples in a patch, G codes of a patch.
"""

import time

import numpy as np
from numpy.typing import NDArray

from eegstream.codec.facts import ModelFacts
from eegstream.daemon.figures import Figures
from eegstream.daemon.processing import ModelEncoder, Outlet
from eegstream.daemon.telling import tell_gap
from eegstream.wire.messages import Codes, Gap, Message


class MeasuredEncoder:
    """An encoder whose batches are timed."""

    def __init__(self, encoder: ModelEncoder, figures: Figures) -> None:
        self._encoder, self._time = encoder, figures.stages["encode"]

    @property
    def facts(self) -> ModelFacts:
        """Which bundle encodes, and on which device."""
        return self._encoder.facts

    def encode(self, patches_uv: NDArray[np.float32], rates_hz: NDArray[np.float32]) -> NDArray[np.int32]:
        """Codes (B, G) of patches (B, N) whose sources run at `rates_hz` (B,)."""
        began_s = time.perf_counter()
        codes = self._encoder.encode(patches_uv, rates_hz)
        self._time.note(time.perf_counter() - began_s)
        return codes


class MeasuredOutlet:
    """A publisher whose messages are timed and counted. Each gap is logged."""

    def __init__(self, outlet: Outlet, figures: Figures) -> None:
        self._outlet, self._figures = outlet, figures
        self._time = figures.stages["publish"]

    def publish(self, message: Message) -> None:
        """Send a message to whoever listens."""
        began_s = time.perf_counter()
        self._outlet.publish(message)
        self._time.note(time.perf_counter() - began_s)
        if isinstance(message, Codes):
            self._figures.encoded += message.shape[0] * message.shape[1]
        elif isinstance(message, Gap):
            self._figures.gaps[message.reason] += 1
            tell_gap(message)

    def forget(self, stream: str) -> None:
        """Repeat the stream's spec no more; its epoch is over."""
        self._outlet.forget(stream)
