"""What probes hear: codes, the numbers that codes stand for, and the EEG itself; and what they are asked for.

M patches, N samples in a patch, G codes of a patch, n cosine coefficients, F features, B bands.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import dct

from eegstream.codec.manifest import Manifest
from eegstream.codec.meanings import meanings_of
from eegstream.vocabularies import Vocabulary
from trainer.evaluation.coded_recordings import Coded
from trainer.evaluation.linear_probes import EmbeddingProbe, Floats, Probe, RidgeProbe
from trainer.evaluation.metrics import BANDS_HZ, periodogram
from trainer.evaluation.token_digits import Digits

BANDS = ("delta", "theta", "alpha", "beta", "gamma")
_COEFFICIENTS = 144
"""n of the EEG itself."""
_FLOOR = 0.01

Array = NDArray[Any]


@dataclass(frozen=True)
class Heard:
    """One kind of input to a probe."""

    what: str
    """For people."""
    of: Callable[[Array, Array], Array]
    """Inputs of codes (M, G) and of the patches (M, N) in microvolts that they are of."""
    fit: Callable[[Array, Floats, float], Probe]
    """The probe of inputs, targets (M, Y) and a penalty."""


def heard_kinds(vocabulary: Vocabulary) -> dict[str, Heard]:
    """All kinds of input that a bundle's codes allow, by name, and the EEG itself."""
    manifest = vocabulary.manifest
    meanings, sizes = meanings_of(manifest), manifest.words
    kinds = {"codes": Heard("each code embedded", lambda codes, _: codes, _embedding(sizes))}
    if meanings[0].kind == "gain":
        kinds["words"] = Heard(
            "each code embedded, without gain and envelope", lambda codes, _: codes[:, 2:], _embedding(sizes[2:])
        )
        kinds["numbers"] = Heard(
            "gain, envelope and coefficients", lambda codes, _: _numbers(vocabulary, codes), _ridge
        )
    elif meanings[0].kind == "fsq":
        digits = Digits.of(meanings, merged=False)
        kinds["numbers"] = Heard(
            "each digit of the grid embedded", lambda codes, _: digits.split(codes), _embedding(digits.sizes)
        )
    kinds["raw"] = Heard("size and coefficients of the EEG itself", lambda _, patches_uv: _of_raw(patches_uv), _ridge)
    return kinds


def _embedding(sizes: Sequence[int]) -> Callable[[Array, Floats, float], Probe]:
    return lambda codes, targets, penalty: EmbeddingProbe(codes, targets, sizes, penalty)


def _ridge(features: Array, targets: Floats, penalty: float) -> Probe:
    return RidgeProbe(features, targets, penalty)


def _numbers(vocabulary: Vocabulary, codes: Array) -> NDArray[np.float32]:
    tables = vocabulary.envelopes
    shapes = tables.shapes(codes)
    spread = np.log(tables.spread[codes[:, 1], : shapes.shape[1]] + 1e-3)
    return np.concatenate([_features(tables.gains_uv[codes[:, 0]], shapes), spread], axis=1)


def _of_raw(patches_uv: Array) -> NDArray[np.float32]:
    gain_uv = np.sqrt((patches_uv**2).mean(axis=1)) + 1e-6
    return _features(gain_uv, dct(patches_uv, norm="ortho", axis=1)[:, :_COEFFICIENTS] / gain_uv[:, None])


def _features(gain_uv: Array, shapes: Array) -> NDArray[np.float32]:
    """Features (M, 1 + 2 n): the gain, the coefficients, and the logarithm of their power."""
    return np.concatenate([np.log(gain_uv)[:, None], shapes, np.log(shapes**2 + _FLOOR)], axis=1).astype(np.float32)


def bands_of(manifest: Manifest, rates_hz: Sequence[float]) -> tuple[str, ...]:
    """Bands that patches at all of these rates resolve."""
    frequencies = [np.fft.rfftfreq(manifest.patch, 1 / rate_hz) for rate_hz in rates_hz]
    return tuple(
        name
        for name in BANDS
        if all(
            ((f >= BANDS_HZ[name][0]) & (f < BANDS_HZ[name][1])).any() and f[-1] >= BANDS_HZ[name][1]
            for f in frequencies
        )
    )


def log_powers(part: Coded, bands: Sequence[str]) -> Floats:
    """Log power (C, P, B) of each patch."""
    channels, patches, size = part.patches_uv.shape
    power = periodogram(torch.from_numpy(part.patches_uv.reshape(-1, size)).double()).numpy()
    frequency_hz = np.fft.rfftfreq(size, 1 / part.recording.sampled_hz)
    inside = [(frequency_hz >= BANDS_HZ[name][0]) & (frequency_hz < BANDS_HZ[name][1]) for name in bands]
    found: Floats = np.log(np.stack([power[:, one].mean(axis=1) for one in inside], axis=1) + 1e-3)
    return found.reshape(channels, patches, -1)
