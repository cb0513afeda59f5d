"""The encoder in a running daemon: it may fail once, and it may hang without keeping the streams from their end.

B patches in a batch, N samples in a patch, G codes of a patch.
"""

import logging
import threading

import numpy as np
from numpy.typing import NDArray

from eegstream.codec.facts import ModelFacts
from eegstream.daemon.processing import ModelEncoder
from eegstream.errors import DeviceLostError, EegstreamError

log = logging.getLogger(__name__)


class TakenOverError(BaseException):
    """The encoder returned after another thread had taken over; only the end of its thread may follow."""


class LiveEncoder:
    """An encoder that tries again once, and that lets another thread take over while it computes.

    Its user holds `turn` all the time; it is free only during `encode`.
    """

    def __init__(self, encoder: ModelEncoder) -> None:
        self._encoder = encoder
        self.turn = threading.Lock()
        self._is_taken_over = False

    @property
    def facts(self) -> ModelFacts:
        """Which bundle encodes, and on which device."""
        return self._encoder.facts

    def encode(self, patches_uv: NDArray[np.float32], rates_hz: NDArray[np.float32]) -> NDArray[np.int32]:
        """Codes (B, G) of patches (B, N) whose sources run at `rates_hz` (B,).

        Raises:
            DeviceLostError: the device failed, twice in a row.
            TakenOverError: another thread has taken over meanwhile.
        """
        self.turn.release()
        try:
            return self._encode(patches_uv, rates_hz)
        finally:
            self.turn.acquire()
            if self._is_taken_over:
                raise TakenOverError

    def take_over(self, timeout_s: float) -> bool:
        """Get the turn while the encoder computes, for good; False if its user does not get that far in time."""
        self._is_taken_over = self.turn.acquire(timeout=timeout_s)
        return self._is_taken_over

    def _encode(self, patches_uv: NDArray[np.float32], rates_hz: NDArray[np.float32]) -> NDArray[np.int32]:
        try:
            return self._encoder.encode(patches_uv, rates_hz)
        except EegstreamError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever torch raises
            log.warning("the encoder failed (%s: %s) and is tried once more", type(error).__name__, error)
        try:
            return self._encoder.encode(patches_uv, rates_hz)
        except EegstreamError:
            raise
        except Exception as error:
            raise DeviceLostError(
                f"the encoder failed twice on {self.facts.device} ({type(error).__name__}: {error})",
                "Look at the messages before this one, then start again",
            ) from error
