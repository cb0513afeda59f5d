"""Codes split into digits of at most 256 values, which small tables can hold.

G codes of a patch, D digits of a patch.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegstream.codec.meanings import CodeMeaning

MOST = 256


@dataclass(frozen=True)
class Digits:
    """How each code is split; the first digit of a code is the least significant one."""

    radices: tuple[tuple[int, ...], ...]
    """(G,) of the digits of each code."""

    @classmethod
    def of(cls, meanings: Sequence[CodeMeaning], *, merged: bool) -> "Digits":
        """The grid's own digits where there are any, neighbours `merged` up to 256 values; else 8 bits each."""
        return cls(tuple(_radices(meaning, merged=merged) for meaning in meanings))

    @property
    def sizes(self) -> list[int]:
        """(D,) number of values of each digit of a patch."""
        return [radix for own in self.radices for radix in own]

    @property
    def code_of(self) -> NDArray[np.int64]:
        """(D,) number of the code that a digit belongs to."""
        return np.repeat(np.arange(len(self.radices)), [len(own) for own in self.radices])

    def split(self, codes: NDArray[np.integer]) -> NDArray[np.int64]:
        """Digits (..., D) of codes (..., G)."""
        parts = [
            codes[..., g] // math.prod(own[:place]) % radix
            for g, own in enumerate(self.radices)
            for place, radix in enumerate(own)
        ]
        return np.stack(parts, axis=-1).astype(np.int64)


def _radices(meaning: CodeMeaning, *, merged: bool) -> tuple[int, ...]:
    if not meaning.levels:
        count = max(1, math.ceil(math.log2(meaning.size) / 8))
        low = 1 << math.ceil(math.log2(meaning.size) / count)
        return (low,) * (count - 1) + (-(-meaning.size // low ** (count - 1)),)
    if not merged:
        return meaning.levels
    found = [1]
    for level in meaning.levels:
        if found[-1] * level > MOST:
            found.append(1)
        found[-1] *= level
    return tuple(found)
