"""The encoder in a running daemon: it may fail once, and it may hang without keeping the streams from their end.

B patches in a batch, N samples in a patch, G codes of a patch.
"""

import logging
import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from eegstream.codec.facts import ModelFacts
from eegstream.daemon.processing import ModelEncoder
from eegstream.errors import DeviceLostError, EegstreamError, ModelFailedError

log = logging.getLogger(__name__)


class LiveEncoder:
    """An encoder that tries again once, and that lets another thread take over while it computes.

    The thread that calls `encode` holds `turn` all the time; it is free only during the computation. Whoever takes
    `turn` meanwhile and keeps it has taken over: the call never returns. `spare` makes another encoder for the case
    that the device of the first is lost.
    """

    def __init__(self, encoder: ModelEncoder, spare: Callable[[], ModelEncoder] | None = None) -> None:
        self._encoder, self._spare = encoder, spare
        self.turn = threading.Lock()

    @property
    def facts(self) -> ModelFacts:
        """Which bundle encodes, and on which device."""
        return self._encoder.facts

    def encode(self, patches_uv: NDArray[np.float32], rates_hz: NDArray[np.float32]) -> NDArray[np.int32]:
        """Codes (B, G) of patches (B, N) whose sources run at `rates_hz` (B,).

        Raises:
            CodesError: the model gave a code that its bundle does not have.
            DeviceLostError: the device or the model failed, twice in a row.
        """
        self.turn.release()
        try:
            return self._encode(patches_uv, rates_hz)
        finally:
            self.turn.acquire()

    def use_spare(self) -> bool:
        """Compute with the spare encoder from now on; False if there is none."""
        if self._spare is None:
            return False
        self._encoder, self._spare = self._spare(), None
        return True

    def _encode(self, patches_uv: NDArray[np.float32], rates_hz: NDArray[np.float32]) -> NDArray[np.int32]:
        try:
            return self._encoder.encode(patches_uv, rates_hz)
        except ModelFailedError as error:
            log.warning("the encoder is tried once more: %s", error)
        except EegstreamError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever torch raises
            log.warning("the encoder is tried once more: %s: %s", type(error).__name__, error)
        try:
            return self._encoder.encode(patches_uv, rates_hz)
        except Exception as error:
            if isinstance(error, EegstreamError) and not isinstance(error, ModelFailedError):
                raise
            raise DeviceLostError(
                f"the encoder failed twice on {self.facts.device} ({type(error).__name__}: {error})",
                "Look at the messages before this one, then start again",
            ) from error
