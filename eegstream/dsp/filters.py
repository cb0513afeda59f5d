"""Causal recursive filters that start without a jump.

C channels, T samples in a chunk, S second-order sections. scipy.signal is imported when it is needed: that takes half a
second, and a daemon can be ready before it.
"""

import numpy as np
from numpy.typing import NDArray

from eegstream.errors import ConfigError

_HIGHPASS_ORDER = 2
_NOTCH_QUALITY = 30.0


def highpass_sos(cutoff_hz: float, rate_hz: float) -> NDArray[np.float64]:
    """Second-order Butterworth high-pass, (S, 6).

    Raises:
        ConfigError: the cut-off is not below half the rate.
    """
    from scipy import signal  # noqa: PLC0415

    _require_below_nyquist("high-pass", cutoff_hz, rate_hz)
    return np.asarray(signal.butter(_HIGHPASS_ORDER, cutoff_hz, "highpass", fs=rate_hz, output="sos"))


def notch_sos(frequency_hz: float, rate_hz: float) -> NDArray[np.float64]:
    """Second-order notch of quality 30, (1, 6).

    Raises:
        ConfigError: the frequency is not below half the rate.
    """
    from scipy import signal  # noqa: PLC0415

    _require_below_nyquist("notch", frequency_hz, rate_hz)
    b, a = signal.iirnotch(frequency_hz, _NOTCH_QUALITY, fs=rate_hz)
    return np.array([[*b, *a]])


def _require_below_nyquist(kind: str, frequency_hz: float, rate_hz: float) -> None:
    if frequency_hz >= rate_hz / 2:
        raise ConfigError(
            f"a {kind} at {frequency_hz:g} Hz needs a rate above {2 * frequency_hz:g} Hz, the rate is {rate_hz:g} Hz",
            "Leave the filter out for such streams",
        )


class SosFilter:
    """A causal cascade of second-order sections that starts in the steady state of its first input.

    `scipy.signal.sosfilt` works sample by sample and its state is kept, so chunking does not change any output bit.
    """

    def __init__(self, sos: NDArray[np.float64]) -> None:
        from scipy import signal  # noqa: PLC0415

        self._sos = sos
        self._filter = signal.sosfilt
        self._steady = np.asarray(signal.sosfilt_zi(sos))
        self._state: NDArray[np.float64] | None = None

    def reset(self) -> None:
        """Forget the past; the next sample counts as the first one."""
        self._state = None

    def push(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Filter a chunk (C, T); T may be 0."""
        if x.shape[1] == 0:
            return x
        if self._state is None:
            self._state = self._steady[:, None, :] * x[None, :, :1]
        y, self._state = self._filter(self._sos, x, axis=-1, zi=self._state)
        return np.asarray(y)
