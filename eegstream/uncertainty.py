"""How sure a decoder is: the spread of each cosine coefficient of a patch before its codes are known, and after.

Bundles tell it by themselves if they have `decode_spectrum` and decode prefixes. What `decode_spectrum` adds is the
standard deviation that the codes leave open; for the longest prefix of which `decode` makes nothing, that is what the
patch's envelope expects. For other bundles the golden vectors give both on average, relative to a patch's size.

B patches, N samples in a patch, G codes of a patch.
"""

import numpy as np
from numpy.typing import NDArray

from eegstream.codec.engine import Engine
from eegstream.dsp.estimates import Estimates, coefficients

_TRIED = 256
"""Golden patches that show whether a bundle tells its spreads."""
_BELIEVED = 4.0
"""They are believed if true energies lie within this factor."""

Codes = NDArray[np.int32]
Samples = NDArray[np.float32]


class Uncertainty:
    """Decodes with their spreads, of one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._silent = _silent_prefix(engine)
        golden = engine.bundle.golden
        size = np.sqrt((golden.decoded.astype(np.float64) ** 2).mean(axis=1, keepdims=True))
        heard = size[:, 0] > 0
        scale = size[heard]
        signal = coefficients(golden.patches)[heard] / scale
        error = coefficients(golden.decoded - golden.patches)[heard] / scale
        self._left = np.sqrt((error**2).mean(axis=0)) if heard.any() else np.zeros(golden.patches.shape[1])
        self._expected = np.sqrt((signal**2).mean(axis=0)) if heard.any() else self._left

    @property
    def is_told(self) -> bool:
        """Whether the bundle tells the spreads of each patch; else they are averages."""
        return self._silent > 0

    def decode(self, codes: Codes, rates_hz: Samples, kind: str, channels: int) -> Estimates:
        """Patches of codes (B, G), with all channels of a moment in consecutive rows.

        Raises:
            CodesError: a code lies outside its codebook, or the model failed.
            ConfigError: the bundle does not have this decode.
        """
        decoded = self._engine.decode(codes, rates_hz, kind)
        if self._silent:
            expected, left = _told(self._engine, codes, rates_hz, self._silent)
        else:
            size = np.sqrt((decoded.astype(np.float64) ** 2).mean(axis=1, keepdims=True))
            expected, left = size * self._expected, size * self._left
        shape = (-1, channels, decoded.shape[1])
        wide = decoded.astype(np.float64)
        return Estimates(wide.reshape(shape), np.maximum(expected, left).reshape(shape), left.reshape(shape))


def _told(engine: Engine, codes: Codes, rates_hz: Samples, silent: int) -> tuple[NDArray[np.float64], ...]:
    """Spreads (B, N) before and after the codes, as the bundle tells them."""
    first = codes.copy()
    first[:, silent:] = -1
    expected = engine.decode(first, rates_hz, "spectrum")
    left = engine.decode(codes, rates_hz, "spectrum") - engine.decode(codes, rates_hz)
    return np.abs(coefficients(expected)), np.abs(coefficients(left))


def _silent_prefix(engine: Engine) -> int:
    """Number of first codes that describe the envelope alone; 0 if the bundle does not tell its spreads truly."""
    manifest = engine.bundle.manifest
    if not manifest.prefix or "spectrum" not in manifest.decodes:
        return 0
    golden = engine.bundle.golden
    codes, rates_hz = golden.codes[:_TRIED], golden.rate_hz[:_TRIED, 0]
    silent = 0
    for kept in range(1, codes.shape[1]):
        first = np.where(np.arange(codes.shape[1]) < kept, codes, np.int32(-1))
        if engine.decode(first, rates_hz).any():
            break
        silent = kept
    if not silent:
        return 0
    expected, left = _told(engine, codes, rates_hz, silent)
    signal, error = golden.patches[:_TRIED], golden.decoded[:_TRIED] - golden.patches[:_TRIED]
    pairs = [(_energy(expected), _energy(signal)), (_energy(left), _energy(error))]
    believed = all(told / _BELIEVED < true < told * _BELIEVED for told, true in pairs)
    return silent if believed else 0


def _energy(values: NDArray[np.floating]) -> float:
    return float((values.astype(np.float64) ** 2).sum())
