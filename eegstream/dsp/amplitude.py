"""Check whether the amplitude is plausible for EEG.

C channels, T samples.
"""

import math

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.units import VOLTAGES

PLAUSIBLE_UV = (0.5, 5000.0)
"""Plausible robust standard deviations of EEG after the high-pass; outside, the unit is probably wrong."""
_TYPICAL_UV = 20.0
_SECONDS, _SHORTEST = 5.0, 0.2
"""Seconds that are examined, and the share of them that a short stream must have."""
_CANDIDATES = ("V", "mV", "uV", "nV")


class AmplitudeWatch:
    """Examine a stream's first seconds after the high-pass."""

    def __init__(self, rate_hz: float, unit_scale: NDArray[np.float64]) -> None:
        self._count = round(_SECONDS * rate_hz)
        self._scale = float(np.median(unit_scale))
        self._parts: list[NDArray[np.float32]] = []
        self._seen = 0
        self.remark: str | None = None
        """What is unusual about the amplitude, once enough samples have come; else None."""

    def push(self, samples_uv: NDArray[np.float32]) -> None:
        """Take front-ended samples (C, T)."""
        if self._seen < self._count:
            self._parts.append(samples_uv[:, : self._count - self._seen])
            self._seen += self._parts[-1].shape[1]
            if self._seen == self._count:
                self._judge()

    def finish(self) -> None:
        """Judge a stream that ended early by the samples that it has."""
        if _SHORTEST * self._count <= self._seen < self._count:
            self._judge()

    def _judge(self) -> None:
        spreads = robust_sd(np.concatenate(self._parts, axis=1))
        self._parts, self._seen = [], self._count
        self.remark = amplitude_remark(float(np.median(spreads)), self._scale)


def robust_sd(samples: NDArray[np.floating]) -> NDArray[np.float64]:
    """Robust standard deviation (C,) of finite samples (C, T), from the median of their distances to the median."""
    exact = samples.astype(np.float64)
    middle = np.median(exact, axis=1, keepdims=True)
    spread: NDArray[np.float64] = 1.4826 * np.median(np.abs(exact - middle), axis=1)
    return spread


def amplitude_remark(sd_uv: float, scale: float) -> str | None:
    """A remark on EEG with this standard deviation, whose numbers were multiplied by `scale`; None if plausible.

    Flat channels are not remarked on here; they have a flag.
    """
    low, high = PLAUSIBLE_UV
    if low <= sd_uv <= high or sd_uv == 0 or not math.isfinite(sd_uv):
        return None
    raw = sd_uv / scale

    def distance(unit: str) -> float:
        return abs(math.log(raw * VOLTAGES[unit.lower()] / _TYPICAL_UV))

    likely = min(_CANDIDATES, key=distance)
    return (
        f"the amplitude is not plausible for EEG: robust sd {sd_uv:.3g} µV, expected {low:g} to {high:g} µV; "
        f"the numbers look like {likely} (the signal was not changed; if this is right, give --unit {likely}!)"
    )
