"""Augment training patches with plausible changes. All random numbers come from the batch's own generator.

B patches in a batch, N samples in a patch.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from eegstream.errors import ConfigError


class Augmentation:
    """Random sign, gain and mains hum. `crop` is carried out by the code that cuts windows.

    Raises:
        ConfigError: an amount is negative, or there is mains hum without a frequency.
    """

    def __init__(
        self,
        sign: bool = True,
        crop: bool = True,
        gain_db: float = 0.0,
        mains_uv: float = 0.0,
        mains_hz: Sequence[float] = (50.0, 60.0),
    ) -> None:
        if gain_db < 0 or mains_uv < 0 or (mains_uv > 0 and not mains_hz):
            raise ConfigError(
                f"data.augmentation has gain_db {gain_db:g}, mains_uv {mains_uv:g} and mains_hz {list(mains_hz)}, "
                "expected amounts of 0 or more, and a frequency if mains_uv is not 0",
                "Correct data.augmentation",
            )
        self.crop = crop
        """True: windows begin anywhere. False: they begin where validation cuts them."""
        self._sign = sign
        self._gain_db = gain_db
        self._mains_uv = mains_uv
        self._mains_hz = np.array(mains_hz, np.float64)

    def __call__(
        self, rng: np.random.Generator, patches_uv: NDArray[np.float32], rates_hz: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """Augmented patches (B, N), sampled at `rates_hz` (B,).

        First a sine of a mains frequency with an amplitude of at most `mains_uv`, then a gain between -`gain_db` and
        `gain_db` and a random sign.
        """
        count, length = patches_uv.shape
        if self._mains_uv:
            patches_uv = patches_uv + self._mains(rng, count, length, rates_hz)
        factor = np.ones(count)
        if self._sign:
            factor *= rng.choice([-1.0, 1.0], size=count)
        if self._gain_db:
            factor *= 10 ** (rng.uniform(-self._gain_db, self._gain_db, size=count) / 20)
        return patches_uv * factor[:, None].astype(np.float32)

    def _mains(
        self, rng: np.random.Generator, count: int, length: int, rates_hz: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """Sines (B, N); zero where the frequency is not below half the rate."""
        frequency_hz = rng.choice(self._mains_hz, size=count)
        amplitude_uv = rng.uniform(0, self._mains_uv, size=count) * (frequency_hz < rates_hz / 2)
        phase = rng.uniform(0, 2 * np.pi, size=count)
        turns = (frequency_hz / rates_hz)[:, None] * np.arange(length)
        return (amplitude_uv[:, None] * np.sin(2 * np.pi * turns + phase[:, None])).astype(np.float32)
