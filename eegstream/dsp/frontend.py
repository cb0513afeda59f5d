"""The signal path before the model: high-pass, notch, resample, in this order.

C channels, T samples in a chunk. Double precision inside, float32 out.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.filters import SosFilter, highpass_sos, notch_sos
from eegstream.dsp.resample import Grid, Resampler

LARGEST_FLOAT32 = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class FrontEndSettings:
    """The signal path's settings in a bundle's manifest."""

    model_rate_hz: float | None
    """None keeps the source's rate."""
    highpass_hz: float | None
    notch_hz: float | None


class FrontEnd:
    """Turn microvolts at the source's rate into the model's input at the model's rate.

    `tap` gets the samples (C, T) after the high-pass, before the notch.

    Raises:
        ConfigError: a filter or the resampler cannot work at this rate.
    """

    def __init__(
        self,
        settings: FrontEndSettings,
        rate_hz: float,
        n_channels: int,
        tap: Callable[[NDArray[np.float64]], None] | None = None,
    ) -> None:
        self.grid = Grid.between(rate_hz, settings.model_rate_hz)
        self._tap = tap
        self._highpass = None
        if settings.highpass_hz is not None:
            self._highpass = SosFilter(highpass_sos(settings.highpass_hz, rate_hz))
        self._stages: list[SosFilter | Resampler] = []
        if settings.notch_hz is not None:
            self._stages.append(SosFilter(notch_sos(settings.notch_hz, rate_hz)))
        if not self.grid.is_identity:
            self._stages.append(Resampler(self.grid, n_channels))
        self.delay_s = self.grid.half / (self.grid.up * rate_hz)
        """Seconds that a sample waits for later samples within the resampler's reach."""

    def reset(self) -> None:
        """Forget the past; called after a gap."""
        if self._highpass is not None:
            self._highpass.reset()
        for stage in self._stages:
            stage.reset()

    def push(self, x_uv: NDArray[np.float64]) -> NDArray[np.float32]:
        """Take a chunk (C, T) of finite microvolts; return the model-rate samples (C, m) that it completes."""
        if self._highpass is not None:
            x_uv = self._highpass.push(x_uv)
        if self._tap is not None:
            self._tap(x_uv)
        for stage in self._stages:
            x_uv = stage.push(x_uv)
        return np.clip(x_uv, -LARGEST_FLOAT32, LARGEST_FLOAT32).astype(np.float32)
