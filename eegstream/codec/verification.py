"""Verify a bundle on a device: it must reproduce its golden vectors."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eegstream.errors import BundleError, CodesError

if TYPE_CHECKING:
    from eegstream.codec.engine import Engine

GOLDEN_AGREEMENT = 0.999
GOLDEN_DECODE_ERROR = 1e-3
_SMALLEST_RMS_UV = 1e-9


@dataclass(frozen=True)
class Verification:
    """How closely a device reproduced the golden vectors."""

    agreement: float
    """Share of golden codes that were reproduced."""
    decode_error: float
    """RMS of the decode's error over the RMS of the golden decode."""
    codes: NDArray[np.int32]
    """(K, G), what the device gave for the golden patches."""


def verify(engine: "Engine") -> Verification:
    """Reproduce the golden vectors; this also warms up every shape that will be used.

    Raises:
        BundleError: the bundle does not run, or does not reproduce them.
    """
    bundle = engine.bundle
    golden, rates = bundle.golden, bundle.golden.rate_hz[:, 0]
    try:
        codes = engine.encode(golden.patches, rates)
        decoded = engine.decode(golden.codes, rates)
        for kind in bundle.manifest.decodes:
            engine.decode(golden.codes[:1], rates[:1], kind)
            if bundle.manifest.prefix:
                _require_prefixes(engine, kind)
    except CodesError as error:
        raise BundleError(error.message, "Export the model again") from error
    agreement = float((codes == golden.codes).mean())
    if agreement < GOLDEN_AGREEMENT:
        raise BundleError(
            f"{bundle.title} reproduces {agreement:.2%} of its golden codes on {engine.device}, "
            f"expected {GOLDEN_AGREEMENT:.1%}",
            "Fetch the bundle again, or use another device",
        )
    decode_error = _rms(decoded - golden.decoded) / max(_rms(golden.decoded), _SMALLEST_RMS_UV)
    if not decode_error <= GOLDEN_DECODE_ERROR:
        raise BundleError(
            f"{bundle.title} decodes its golden codes with an error of {decode_error:.2e} on {engine.device}, "
            f"expected at most {GOLDEN_DECODE_ERROR:g} of their RMS",
            "Fetch the bundle again, or use another device",
        )
    return Verification(agreement, decode_error, codes)


def _require_prefixes(engine: "Engine", kind: str) -> None:
    """Decode the first golden patch from its first code, its first two, and so on; the other codes are -1."""
    golden = engine.bundle.golden
    groups = golden.codes.shape[1]
    cut = np.where(np.tri(groups, dtype=bool), golden.codes[:1], np.int32(-1))
    try:
        engine.decode(cut, np.repeat(golden.rate_hz[:1, 0], groups), kind)
    except CodesError as error:
        raise BundleError(f"{error.message}; it was given a prefix of codes", "Export the model again") from error


def _rms(x: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(x.astype(np.float64) ** 2)))
