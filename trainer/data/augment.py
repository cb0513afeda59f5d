"""Augment training patches with plausible changes. All random numbers come from the batch's own generator.

B patches in a batch, N samples in a patch.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from eegstream.errors import ConfigError

_LINE_DRIFT_HZ = 0.05
"""Standard deviation of a line's frequency from the mains frequency: the grid's own, and that of the sender's clock."""


class Augmentation:
    """Random sign, gain and mains. `crop` is carried out by the code that cuts windows.

    Mains comes in two forms: a hum of all patches, of an amplitude in microvolts (`mains_uv`), and strong lines of a
    few patches (`line_share`), relative to the patch: their root mean square is `line_ratio` times that of the patch.

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
        line_share: float = 0.0,
        line_ratio: Sequence[float] = (0.2, 16.0),
    ) -> None:
        if gain_db < 0 or mains_uv < 0 or ((mains_uv > 0 or line_share > 0) and not mains_hz):
            raise ConfigError(
                f"data.augmentation has gain_db {gain_db:g}, mains_uv {mains_uv:g}, line_share {line_share:g} and "
                f"mains_hz {list(mains_hz)}, expected amounts of 0 or more, and a frequency if there is mains",
                "Correct data.augmentation",
            )
        if not 0 <= line_share <= 1 or len(line_ratio) != 2 or not 0 < line_ratio[0] <= line_ratio[1]:
            raise ConfigError(
                f"data.augmentation has line_share {line_share:g} and line_ratio {list(line_ratio)}, expected a share "
                "from 0 to 1, and two positive numbers, the lower one first",
                "Correct data.augmentation",
            )
        self.crop = crop
        """True: windows begin anywhere. False: they begin where validation cuts them."""
        self._sign = sign
        self._gain_db = gain_db
        self._mains_uv = mains_uv
        self._mains_hz = np.array(mains_hz, np.float64)
        self._line_share = line_share
        self._log_ratio = float(np.log(line_ratio[0])), float(np.log(line_ratio[1]))

    def without_lines(self) -> "Augmentation":
        """The same without strong lines: what transform coding is fitted to, which they would only harm."""
        return Augmentation(self._sign, self.crop, self._gain_db, self._mains_uv, self._mains_hz.tolist())

    def __call__(
        self, rng: np.random.Generator, patches_uv: NDArray[np.float32], rates_hz: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """Augmented patches (B, N), sampled at `rates_hz` (B,).

        First a sine of a mains frequency with an amplitude of at most `mains_uv`, then a gain between -`gain_db` and
        `gain_db` and a random sign, then strong lines.
        """
        count, length = patches_uv.shape
        if self._mains_uv:
            patches_uv = patches_uv + self._mains(rng, count, length, rates_hz)
        factor = np.ones(count)
        if self._sign:
            factor *= rng.choice([-1.0, 1.0], size=count)
        if self._gain_db:
            factor *= 10 ** (rng.uniform(-self._gain_db, self._gain_db, size=count) / 20)
        patches_uv = patches_uv * factor[:, None].astype(np.float32)
        return patches_uv + self._lines(rng, patches_uv, rates_hz) if self._line_share else patches_uv

    def _mains(
        self, rng: np.random.Generator, count: int, length: int, rates_hz: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """Sines (B, N); zero where the frequency is not below half the rate."""
        frequency_hz = rng.choice(self._mains_hz, size=count)
        amplitude_uv = rng.uniform(0, self._mains_uv, size=count)
        return _sines(rng, amplitude_uv, frequency_hz, rates_hz, length)

    def _lines(
        self, rng: np.random.Generator, patches_uv: NDArray[np.float32], rates_hz: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """Sines (B, N) of a share of the patches, zero for the others; their strength is even in dB."""
        count, length = patches_uv.shape
        struck = rng.random(count) < self._line_share
        frequency_hz = rng.choice(self._mains_hz, size=count) + rng.normal(0, _LINE_DRIFT_HZ, size=count)
        ratio = np.exp(rng.uniform(*self._log_ratio, size=count))
        rms_uv = np.sqrt(np.square(patches_uv, dtype=np.float64).mean(axis=1))
        return _sines(rng, struck * ratio * np.sqrt(2) * rms_uv, frequency_hz, rates_hz, length)


def _sines(
    rng: np.random.Generator,
    amplitude_uv: NDArray[np.float64],
    frequency_hz: NDArray[np.float64],
    rates_hz: NDArray[np.float64],
    length: int,
) -> NDArray[np.float32]:
    """Sines (B, length) of random phase; zero where the frequency is not below half the rate."""
    amplitude_uv = amplitude_uv * (frequency_hz < rates_hz / 2)
    phase = rng.uniform(0, 2 * np.pi, size=len(amplitude_uv))
    turns = (frequency_hz / rates_hz)[:, None] * np.arange(length)
    return (amplitude_uv[:, None] * np.sin(2 * np.pi * turns + phase[:, None])).astype(np.float32)
