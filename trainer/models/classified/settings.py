"""The settings of a classified codec, checked, and the properties of its codes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from trainer.models.classified.trellis import HIGHEST_RATE


@dataclass(frozen=True)
class CodecSettings:
    """As configs/model/classified.yaml names them; the letters are those of `ClassifiedCodec`.

    Raises:
        ValueError: they cannot be built.
    """

    patch_size: int
    """N."""
    word_bits: Sequence[int]
    """Bits of each word of symbols, at most 16."""
    gain_bits: int = 5
    """Of the first code."""
    class_bits: int = 8
    """Of the second code."""
    gain_range_uv: tuple[float, float] = (0.25, 1000.0)
    """Lowest and highest gain; steps are even in dB."""
    coefficients: int = 144
    """n."""
    states: int = 16
    """Of the trellis: 16, 32 or 64."""
    steps: int = 64
    """T."""
    segments: int = 2
    """Trellises of a class with many coefficients, so that P = segments T."""
    candidates: int = 8
    """C."""
    lanes: int = 8
    """Trellises of a patch, shared among its candidates; one that does not fit is not tried."""
    fill: float = 1.0
    """Noise of `decode_spectrum`, relative to the part of the signal that the codes do not describe."""

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("the largest of word_bits", max(self.word_bits, default=0), 1, 16),
            ("the smallest of word_bits", min(self.word_bits, default=0), 1, 16),
            ("gain_bits", self.gain_bits, 2, 16),
            ("class_bits", self.class_bits, 2, 16),
            ("coefficients", self.coefficients, 1, self.patch_size),
            ("steps", self.steps, 1, self.coefficients),
            ("segments", self.segments, 1, 64),
            ("the sum of word_bits", sum(self.word_bits), 1, HIGHEST_RATE * min(self.coefficients, self.places)),
            ("lanes", self.lanes, self.segments, 64),
            ("candidates", self.candidates, 1, 3 << self.class_bits),
        ):
            if not low <= value <= high:
                raise ValueError(f"{name} is {value}, expected {low} to {high}")
        if not 0 < self.gain_range_uv[0] < self.gain_range_uv[1]:
            raise ValueError(
                f"gain_range_uv is {self.gain_range_uv}, expected two positive numbers, the lower one first"
            )

    @property
    def places(self) -> int:
        """P."""
        return self.steps * self.segments

    @property
    def codebook_sizes(self) -> list[int]:
        """Number of values of each code."""
        return [1 << bits for bits in (self.gain_bits, self.class_bits, *self.word_bits)]

    @property
    def log_step(self) -> float:
        """Between two gains, as a natural logarithm."""
        low_uv, high_uv = self.gain_range_uv
        return math.log(high_uv / low_uv) / ((1 << self.gain_bits) - 1)

    @property
    def about(self) -> str:
        """What the codes mean, for people."""
        gains, classes, *_ = self.codebook_sizes
        return (
            f"The first code is the patch's gain, {gains} steps from {self.gain_range_uv[0]:g} to "
            f"{self.gain_range_uv[1]:g} µV, the second one of {classes} spectral envelopes. An envelope says which of "
            f"the first {self.coefficients} cosine coefficients are sent, with how many bits and where in the "
            f"{len(self.word_bits)} other codes: whole, the most important ones first, so that a prefix of the codes "
            f"decodes. What a word holds depends on the envelope, without which it means nothing: with the same "
            f"frequencies in every word the error was 5 to 8 % larger. Coefficients are quantised along a trellis of "
            f"{self.states} states. The stream's rate is not used."
        )
