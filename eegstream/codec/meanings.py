"""What each code of a patch means, as far as the manifest tells it.

W values of a code, D digits of a code, L levels of a digit.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eegstream.codec.envelopes import gains_uv, is_classified
from eegstream.codec.manifest import Manifest

_TOKEN_LEVELS = 4
"""Levels of each digit of a tokens model's shapes."""

Kind = Literal["gain", "envelope", "symbols", "fsq", "unknown"]


@dataclass(frozen=True)
class CodeMeaning:
    """One code of a patch."""

    kind: Kind
    """`gain`: a step of the gain; `envelope`: number of an envelope; `symbols`: quantised coefficients, which ones
    depends on the envelope; `fsq`: digits of a grid; `unknown`."""
    size: int
    """W."""
    levels: tuple[int, ...] = ()
    """(D,) levels of each digit, the first one least significant; their product is W. Empty if there are no digits."""
    gain_digits: int = 0
    """Number of the first digits that together are the gain's step, not a place on the grid."""
    form: Literal["standard", "symmetric"] = "standard"
    """Of FSQ: how the values of a digit lie."""
    gains_uv: tuple[float, ...] = ()
    """Gain of each step, if this code tells one."""

    def digits(self, values: NDArray[np.integer] | None = None) -> NDArray[np.int64]:
        """Digits (..., D) of values (...); of all values (W, D) if none are given. Without levels D is 0."""
        given = np.arange(self.size) if values is None else np.asarray(values)
        weights = np.array([math.prod(self.levels[:place]) for place in range(len(self.levels))], np.int64)
        split: NDArray[np.int64] = given[..., None] // weights % np.array(self.levels, np.int64)
        return split

    def grid(self, values: NDArray[np.integer] | None = None) -> NDArray[np.float32]:
        """Place (..., D) of values (...) on the grid, -1 to 1, as a decoder of FSQ gets it; gains lie evenly.

        Of all values (W, D) if none are given.
        """
        digit, levels = self.digits(values), np.array(self.levels, np.int64)
        even = 2 * digit / np.maximum(levels - 1, 1) - 1
        rounded = (digit - levels // 2) / np.maximum(levels // 2, 1)
        is_gain = np.arange(len(levels)) < self.gain_digits
        return np.where(is_gain | (self.form == "symmetric"), even, rounded).astype(np.float32)


def meanings_of(manifest: Manifest) -> tuple[CodeMeaning, ...]:
    """What each code means: `unknown` where the manifest does not say it in a way that is known here.

    Raises:
        BundleError: the manifest of a classified bundle lacks a setting.
    """
    if is_classified(manifest):
        gain, envelope, *words = manifest.words
        steps_uv = gains_uv(manifest, gain)
        return (
            CodeMeaning("gain", gain, (gain,), gain_digits=1, gains_uv=tuple(steps_uv.tolist())),
            CodeMeaning("envelope", envelope),
            *(CodeMeaning("symbols", size) for size in words),
        )
    found = _of_tokens(manifest) or _of_gain_shape(manifest) or _of_fsq(manifest)
    return found or tuple(CodeMeaning("unknown", size) for size in manifest.words)


def _of_tokens(manifest: Manifest) -> tuple[CodeMeaning, ...]:
    """The codes of a tokens model; none if this is another model."""
    model = manifest.model
    gain, counts = model.get("gain_levels"), model.get("code_digits")
    envelope, detail = _levels(model.get("envelope_levels")), _levels(model.get("detail_levels"))
    if not isinstance(gain, int) or not isinstance(counts, list) or not all(isinstance(n, int) for n in counts):
        return ()
    levels = ((gain, *envelope), detail, *((_TOKEN_LEVELS,) * count for count in counts))
    if tuple(map(math.prod, levels)) != tuple(manifest.words):
        return ()
    first, *others = (CodeMeaning("fsq", math.prod(own), own, form="symmetric") for own in levels)
    steps_uv = gains_uv(manifest, gain)
    return (replace(first, gain_digits=1, gains_uv=tuple(steps_uv.tolist())), *others)


def _of_gain_shape(manifest: Manifest) -> tuple[CodeMeaning, ...]:
    """The one code of a gain-shape model: gain, sign, shape; none if this is another model."""
    gain, shape = manifest.model.get("gain_levels"), _levels(manifest.model.get("shape_levels"))
    if not isinstance(gain, int) or not shape:
        return ()
    levels = (gain, 2, *shape)
    if tuple(manifest.words) != (math.prod(levels),):
        return ()
    steps_uv = gains_uv(manifest, gain)
    return (CodeMeaning("fsq", math.prod(levels), levels, 1, "symmetric", tuple(steps_uv.tolist())),)


def _of_fsq(manifest: Manifest) -> tuple[CodeMeaning, ...]:
    """The codes of an autoencoder; none if this is another model."""
    model = manifest.model
    levels, form, gain_digits = _levels(model.get("levels")), model.get("fsq", "standard"), model.get("gain_digits", 0)
    known = (
        levels
        and {math.prod(levels)} == set(manifest.words)
        and model.get("groups") == len(manifest.words)
        and form in ("standard", "symmetric")
        and isinstance(gain_digits, int)
        and 0 <= gain_digits <= len(levels)
    )
    if not known:
        return ()
    plain = CodeMeaning("fsq", manifest.words[0], levels, form=form)
    if not gain_digits:
        return (plain,) * len(manifest.words)
    steps_uv = gains_uv(manifest, math.prod(levels[:gain_digits]))
    first = CodeMeaning("fsq", plain.size, levels, gain_digits, form, tuple(steps_uv.tolist()))
    return (first, *(plain,) * (len(manifest.words) - 1))


def _levels(given: object) -> tuple[int, ...]:
    """Levels of an autoencoder's digits; none if these are no levels."""
    if not isinstance(given, list) or not all(isinstance(level, int) and level > 1 for level in given):
        return ()
    return tuple(given)
