"""The settings of a tokens model, and which cosine coefficients each code describes.

n coefficients that are coded, C codes of the shape (all but the first two).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from trainer.models.amplitude import require_range

DIGIT_LEVELS = 4
"""Levels of each digit of a code of the shape."""
MOST_VALUES = 4096
"""Largest number of values of a code, so that a language model can have a vocabulary for each."""


@dataclass(frozen=True)
class TokenSettings:
    """Settings of a tokens model.

    Raises:
        ValueError: they cannot be built.
    """

    patch_size: int = 256
    """N."""
    gain_levels: int = 32
    """Steps of the gain, in the first code."""
    gain_range_uv: tuple[float, float] = (0.25, 1000.0)
    """Lowest and highest gain; steps are even in dB."""
    envelope_levels: Sequence[int] = (8, 4, 4)
    """FSQ levels of the envelope's digits in the first code."""
    detail_levels: Sequence[int] = (4, 4, 4, 4)
    """FSQ levels of the envelope's other digits, which are the second code."""
    power_edges: Sequence[int] = (1, 4, 8, 13, 30, 45)
    """Fourier coefficients at which bands begin whose log powers the envelope's digits tell linearly, and the end."""
    power_weight: float = 0.06
    """Weight of the error of these log powers in training."""
    code_digits: Sequence[int] = (6, 6, 6, 6, 6, 6, 6, 6, 6)
    """Digits of each code of the shape, an even number; the first half is a shape, the second half refines it."""
    coefficients: int = 140
    """n."""
    lowest: int = 2
    """Consecutive low coefficients in each code; the others are dealt out to all codes in turn."""
    hidden: int = 64
    """Width of the hidden layers."""
    candidates: int = 8
    """First halves of a code that the encoder refines."""

    def __post_init__(self) -> None:
        require_range(*self.gain_range_uv)
        digits = list(self.code_digits)
        if not digits or min(digits) < 2 or max(digits) > 6 or any(count % 2 for count in digits):
            raise ValueError(f"code_digits is {digits}, expected 2, 4 or 6 for each code")
        edges = list(self.power_edges)
        if len(edges) < 2 or edges != sorted(set(edges)) or edges[0] < 0 or edges[-1] > self.patch_size // 2 + 1:
            raise ValueError(
                f"power_edges is {edges}, expected two or more rising numbers from 0 to {self.patch_size // 2 + 1}"
            )
        if self.power_weight < 0:
            raise ValueError(f"power_weight is {self.power_weight:g}, expected 0 or more")
        for name, value, low, high in (
            ("patch_size", self.patch_size, 8, 65536),
            ("coefficients", self.coefficients, max(len(digits), 3), self.patch_size),
            ("lowest", self.lowest, 0, self.coefficients // len(digits)),
            ("gain_levels", self.gain_levels, 2, MOST_VALUES),
            ("the smallest of envelope_levels", min(self.envelope_levels, default=0), 2, 1000),
            ("the smallest of detail_levels", min(self.detail_levels, default=0), 2, 1000),
            ("the number of values of the first code", self.codebook_sizes[0], 4, MOST_VALUES),
            ("the number of values of the second code", self.codebook_sizes[1], 4, MOST_VALUES),
            ("hidden", self.hidden, 1, 4096),
            ("candidates", self.candidates, 1, self.half_sizes[-1] if digits else 1),
        ):
            if not low <= value <= high:
                raise ValueError(f"{name} is {value}, expected {low} to {high}")

    @property
    def half_sizes(self) -> list[int]:
        """Values of each half of each code (C,)."""
        return [DIGIT_LEVELS ** (count // 2) for count in self.code_digits]

    @property
    def codebook_sizes(self) -> list[int]:
        """Number of values of each code, the first one included."""
        first = self.gain_levels * math.prod(self.envelope_levels)
        return [first, math.prod(self.detail_levels), *(size * size for size in self.half_sizes)]

    @property
    def members(self) -> list[list[int]]:
        """The coefficients that each code describes (C lists).

        The first codes have the lowest ones, which have most of the energy. The others are dealt out in turn, forth and
        back, so that every code has something to describe whatever the spectrum; a code of fewer digits misses every
        third turn.
        """
        count = len(self.code_digits)
        found = [list(range(code * self.lowest, (code + 1) * self.lowest)) for code in range(count)]
        next_one, turn = count * self.lowest, 0
        while next_one < self.coefficients:
            for code in range(count) if turn % 2 == 0 else reversed(range(count)):
                is_missed = turn % 3 == 1 and self.code_digits[code] < max(self.code_digits)
                if next_one < self.coefficients and not is_missed:
                    found[code].append(next_one)
                    next_one += 1
            turn += 1
        return found

    @property
    def about(self) -> str:
        """What the codes mean, for people."""
        sizes = self.codebook_sizes
        return (
            f"The first code is the patch's level ({self.gain_levels} steps from {self.gain_range_uv[0]:g} to "
            f"{self.gain_range_uv[1]:g} µV, the least significant digit) and the rough shape of its spectrum (digits "
            f"of {_listed(self.envelope_levels)} levels); the second code refines that shape (digits of "
            f"{_listed(self.detail_levels)} levels). A sum of one number for each of these digits tells the log power "
            f"of each of {len(self.power_edges) - 1} bands. Each of the {len(sizes) - 2} other codes always describes "
            "the same cosine coefficients, as multiples of the size that the first two lead to expect, and always with "
            f"the same codebook: digits of {DIGIT_LEVELS} levels, of which the first half, less significant, is a "
            "shape and the second half refines it; codes that differ by one step of a digit are alike. The third "
            "code has the lowest frequencies, and a prefix of the codes decodes. The stream's rate conditions the "
            "networks."
        )


def _listed(levels: Sequence[int]) -> str:
    return ", ".join(map(str, levels))
