"""Decode the patches of one segment together: borders are smoothed, and with `joint` channels inform each other.

Works through blocks of patches, so memory does not grow with the segment. P patches, C channels, N samples in a patch,
G codes of a patch, B patches of a block.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegstream.codec.engine import Engine
from eegstream.dsp import seams
from eegstream.dsp.estimates import Estimates
from eegstream.dsp.flags import PatchFlag
from eegstream.dsp.wiener import Bools, Montage, carries_eeg
from eegstream.errors import ConfigError
from eegstream.uncertainty import Uncertainty

JOINT = "joint"
"""The decode that is `mse` with a filter across channels."""
_NOT_EEG = PatchFlag.REPLACED | PatchFlag.FLAT | PatchFlag.FILLED
_BLOCK_NUMBERS = 1 << 21
"""Samples of a block."""
_MOST_PATCHES, _MOST_NUMBERS = 600, 1 << 24
"""Patches, evenly spread, from which a montage is estimated, and samples in them."""


@dataclass(frozen=True)
class PatchCodes:
    """The codes of a segment."""

    codes: NDArray[np.integer]
    """(P, C, G)"""
    index: NDArray[np.int64]
    """(P,), ascending; a jump means lost patches."""
    flags: NDArray[np.uint8]
    """(P, C)"""
    rate_hz: float
    """Of the source."""
    sampled_hz: float
    """Of the samples in a patch."""
    hop: int

    def at(self, patches: NDArray[np.intp]) -> "PatchCodes":
        """Some of the patches."""
        part = self.codes[patches], self.index[patches], self.flags[patches]
        return PatchCodes(*part, self.rate_hz, self.sampled_hz, self.hop)


class Decoder:
    """Decodes segments with one engine and one kind of decode.

    Raises:
        ConfigError: the joint decode of a bundle that does not tell how sure it is.
    """

    def __init__(self, engine: Engine, kind: str) -> None:
        self._uncertainty = Uncertainty(engine)
        if kind == JOINT and not self._uncertainty.is_told:
            bundle = engine.bundle
            raise ConfigError(
                f"{bundle.title} has no decode 'joint', which needs prefixes and the decode 'spectrum'",
                f"It offers {', '.join(bundle.manifest.decodes)}",
            )
        self._patch = engine.bundle.manifest.patch
        self._is_joint = kind == JOINT
        self._kind = "mse" if self._is_joint else kind

    def decode(self, given: PatchCodes) -> Iterator[NDArray[np.float64]]:
        """Yield the segment's patches (B, C, N) in microvolts, block by block.

        Raises:
            CodesError: a code lies outside its codebook, or the model failed.
            ConfigError: the bundle does not have this decode.
        """
        n_patches, n_channels, _ = given.codes.shape
        montage = self._montage(given) if self._is_joint and n_channels > 1 else None
        size = max(1, _BLOCK_NUMBERS // (n_channels * self._patch))
        for start in range(0, n_patches, size):
            stop = min(start + size, n_patches)
            # A border needs the patches on either side of it.
            around = np.arange(max(start - 1, 0), min(stop + 1, n_patches))
            part = given.at(around)
            estimates = self._estimates(part)
            if montage is not None:
                estimates = montage.apply(estimates, _usable(part, estimates))
            if given.hop == self._patch:
                estimates = seams.join(estimates, np.diff(part.index, prepend=part.index[0]) == 1)
            yield estimates.samples_uv[start - around[0] : stop - around[0]]

    def _estimates(self, given: PatchCodes) -> Estimates:
        rows = given.codes.reshape(-1, given.codes.shape[2]).astype(np.int32)
        rates_hz = np.full(len(rows), given.rate_hz, np.float32)
        return self._uncertainty.decode(rows, rates_hz, self._kind, given.codes.shape[1])

    def _montage(self, given: PatchCodes) -> Montage:
        n_patches, n_channels, _ = given.codes.shape
        most = min(n_patches, _MOST_PATCHES, max(16, _MOST_NUMBERS // (n_channels * self._patch)))
        part = given.at(np.linspace(0, n_patches - 1, most).round().astype(np.intp))
        estimates = self._estimates(part)
        return Montage.estimate(estimates, _usable(part, estimates), _groups(given), given.sampled_hz)


def decodes_of(engine: Engine) -> tuple[str, ...]:
    """All that segments can be decoded as with this engine."""
    decodes = engine.bundle.manifest.decodes
    return (*decodes, JOINT) if Uncertainty(engine).is_told else decodes


def _usable(given: PatchCodes, estimates: Estimates) -> Bools:
    """(P, C): patches that hold EEG, and nothing that was put in its place."""
    return np.asarray(((given.flags & _NOT_EEG) == 0) & carries_eeg(estimates), np.bool_)


def _groups(given: PatchCodes) -> NDArray[np.integer]:
    """(C,): the same number for channels with the same codes and flags, whose errors are the same, too."""
    told = np.concatenate([given.codes.astype(np.int32), given.flags[..., None]], axis=2)
    rows = np.ascontiguousarray(told.transpose(1, 0, 2)).reshape(told.shape[1], -1)
    return np.asarray(np.unique(rows, axis=0, return_inverse=True)[1], np.int64).reshape(-1)


def weights(patch: int, hop: int) -> NDArray[np.float64]:
    """Weight (N,) of a patch's samples where patches overlap: less towards its ends, so that none begins at once."""
    place = np.arange(patch)
    nearest = np.minimum(place, patch - 1 - place) + 1
    overlap = patch - hop
    return np.asarray(np.minimum(nearest / (overlap + 1), 1.0), np.float64)
