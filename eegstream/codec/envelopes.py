"""The tables of a classified bundle: what its gains, envelopes and words mean, without PyTorch.

K envelopes, N samples in a patch, n coefficients that may be sent, S places of an envelope (its sent coefficients in
order of importance, then padding), M patches, G codes of a patch.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegstream.codec.archive import Archive
from eegstream.codec.manifest import Manifest
from eegstream.codec.tensors import Tensors
from eegstream.errors import BundleError

_ROWS = 4096
_RATES, _SUBSETS, _PER_SUBSET = 7, 4, 32

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


def is_classified(manifest: Manifest) -> bool:
    """Whether the codes of this bundle are gain, envelope and words of symbols."""
    return str(manifest.model.get("class", "")).endswith(".ClassifiedCodec") and len(manifest.words) > 2


def whole(manifest: Manifest, name: str) -> int:
    """A setting of the model that is a whole number, 1 or more.

    Raises:
        BundleError: the manifest does not tell it.
    """
    value = manifest.model.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _untold(manifest, name)
    return value


def gains_uv(manifest: Manifest, steps: int) -> Floats:
    """Gains (steps,) from the lowest to the highest one of the model's range, even in dB.

    Raises:
        BundleError: the manifest does not tell the range.
    """
    try:
        low, high = map(float, manifest.model["gain_range_uv"])
    except (KeyError, TypeError, ValueError, OverflowError):
        raise _untold(manifest, "gain_range_uv") from None
    if not 1e-9 < low < high < 1e9:
        raise _untold(manifest, "gain_range_uv")
    return np.geomspace(low, high, steps).astype(np.float32)


def _untold(manifest: Manifest, name: str) -> BundleError:
    return BundleError(f"{manifest.name}@{manifest.version}: the manifest has no model.{name}", "Export it again")


@dataclass(frozen=True)
class Envelopes:
    """The tables of a classified bundle."""

    gains_uv: Floats
    """Gain of each value of code 0."""
    spread: Floats
    """(K, N) expected size of every cosine coefficient, over the gain: the envelope that code 1 names."""
    coefficient: Ints
    """(K, S) number of the coefficient at each place."""
    bits: Ints
    """(K, S) bits of its symbol; 0 where there is padding."""
    word: Ints
    """(K, S) number of the code that holds the symbol."""
    shift: Ints
    """(K, S) bits below it in that code."""
    scale: Floats
    """(K, S) size of the coefficient for which the symbol's values are normalised."""
    levels: Floats
    """(4, 7, 32) normalised values by subset and bits."""
    subsets: Ints
    """Subset that each register of the trellis allows."""
    steps: int
    """Places of one trellis; each begins anew."""
    n_coefficients: int
    """n: from this number on, no coefficient is ever sent."""

    @classmethod
    def of(cls, archive: Archive, manifest: Manifest, origin: str) -> "Envelopes":
        """Read the tables of a bundle; `origin` names it in errors.

        Raises:
            BundleError: it is no classified bundle, or its tables are not as they should be.
        """
        if not is_classified(manifest):
            raise BundleError(f"{origin} has no envelopes: its codes are of another kind", "Give a classified bundle")
        steps, segments, states, n = (whole(manifest, name) for name in ("steps", "segments", "states", "coefficients"))
        gains, classes = manifest.words[:2]
        places = steps * segments
        tensors = Tensors(archive, origin)

        def by_place(name: str) -> NDArray[Any]:
            """A table that is stored by steps, its last column being padding."""
            stored = tensors.read(name, (steps, classes * segments + 1))[:, :-1]
            return stored.reshape(steps, classes, segments).transpose(1, 2, 0).reshape(classes, places)

        found = cls(
            gains_uv=tensors.read("gains_uv", (gains,)).astype(np.float32),
            spread=tensors.read("spread", (classes, manifest.patch)).astype(np.float32),
            coefficient=by_place("coefficient").astype(np.int64),
            bits=tensors.read("rate", (classes, places)).astype(np.int64),
            word=tensors.read("word", (classes, places)).astype(np.int64),
            shift=tensors.read("shift", (classes, places)).astype(np.int64),
            scale=by_place("scale").astype(np.float32),
            levels=tensors.read("trellis.levels", (_SUBSETS, _RATES, _PER_SUBSET)).astype(np.float32),
            subsets=tensors.read("trellis.subset_of", (2 * states,)).astype(np.int64),
            steps=steps,
            n_coefficients=n,
        )
        found._require_in_range(len(manifest.words), origin)
        return found

    def _require_in_range(self, codes: int, origin: str) -> None:
        for name, values, below in (
            ("coefficient", self.coefficient, self.n_coefficients),
            ("rate", self.bits, _RATES),
            ("word", self.word, codes),
            ("shift", self.shift, 16),
            ("trellis.subset_of", self.subsets, _SUBSETS),
        ):
            if values.size and not 0 <= values.min() <= values.max() < below:
                raise BundleError(f"{origin}: the table {name} has values outside 0 to {below - 1}", "Export it again")

    def sent(self, envelope: int) -> Ints:
        """What an envelope sends (places, 4), the most important first: coefficient, bits, code, bits below it."""
        columns = (self.coefficient, self.bits, self.word, self.shift)
        table: Ints = np.stack([column[envelope] for column in columns], axis=1)
        found: Ints = table[self.bits[envelope] > 0]
        return found

    def shapes(self, codes: NDArray[np.integer]) -> Floats:
        """Cosine coefficients over the gain (M, n) of codes (M, G): the DCT-II, orthonormal; 0 for what is not sent."""
        shapes = np.zeros((len(codes), self.n_coefficients), np.float32)
        for start in range(0, len(codes), _ROWS):
            self._add_shapes(codes[start : start + _ROWS].astype(np.int64), shapes[start : start + _ROWS])
        return shapes

    def _add_shapes(self, codes: Ints, shapes: Floats) -> None:
        chosen = codes[:, 1]
        bits = self.bits[chosen]
        symbol = np.take_along_axis(codes, self.word[chosen], axis=1) >> self.shift[chosen]
        value = self._values(symbol, bits) * self.scale[chosen] * (bits > 0)
        np.add.at(shapes, (np.arange(len(codes))[:, None], self.coefficient[chosen]), value)

    def _values(self, symbol: Ints, bits: Ints) -> Floats:
        """Normalised values (M, S): one bit of a symbol belongs to the path, the others number a level of a subset."""
        above = np.where(bits > 0, (1 << bits) >> 1, 0)
        level = symbol & np.maximum(above - 1, 0)
        path = ((symbol & above) > 0).astype(np.int64).reshape(len(symbol), -1, self.steps)
        register = np.zeros_like(path)
        for age in range((len(self.subsets) // 2).bit_length()):
            register[:, :, age:] += path[:, :, : max(self.steps - age, 0)] << age
        found: Floats = self.levels[self.subsets[register.reshape(symbol.shape)], bits, level]
        return found
