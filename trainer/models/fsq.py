"""Finite scalar quantisation: every latent dimension is rounded to one of a few levels.

Mentzer, Minnen, Agustsson, Tschannen: Finite Scalar Quantization, 2024; in the form of vector-quantize-pytorch, with
which tests/trainer/models/test_fsq.py compares this file bit by bit.

... any leading dimensions, D latent dimensions, L levels of one of them, k its level 0..L-1.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

_MARGIN = 1e-3
"""The outermost levels are this far inside the range of tanh, so that rounding can reach them."""
_HIGHEST = 1000


class FSQ(nn.Module):
    """Round each of D dimensions to its own number of levels; gradients pass straight through.

        h = (L - 1) (1 + 0.001) / 2,  o = 0.5 for even L else 0,  s = atanh(o / h)
        q = round(tanh(z + s) h - o),  value = q / floor(L / 2),  k = q + floor(L / 2)

    An even number of levels has one more below zero than above.

    Raises:
        ValueError: a number of levels outside 3..1000: two have no positive value in this form, and beyond a thousand
            the margin reaches the next level.
    """

    half_range: Tensor
    offset: Tensor
    shift: Tensor
    half_width: Tensor
    top: Tensor

    def __init__(self, levels: Sequence[int]) -> None:
        super().__init__()
        number = _checked(levels, lowest=3)
        half = (number - 1) * (1 + _MARGIN) / 2
        offset = torch.where(number % 2 == 0, 0.5, 0.0)
        self.register_buffer("half_range", half, persistent=False)
        self.register_buffer("offset", offset, persistent=False)
        self.register_buffer("shift", torch.atanh(offset / half), persistent=False)
        self.register_buffer("half_width", number // 2, persistent=False)
        self.register_buffer("top", number - 1, persistent=False)

    def forward(self, z: Tensor) -> Tensor:
        """Values (..., D) in -1..1 of latents (..., D), with the gradient of the unrounded ones."""
        bounded = torch.tanh(z.float() + self.shift) * self.half_range - self.offset
        rounded = bounded + (torch.round(bounded) - bounded).detach()
        return rounded / self.half_width

    @torch.jit.export
    def digits(self, values: Tensor) -> Tensor:
        """Levels k (..., D) int32 of values (..., D); in 0..L-1 whatever comes in."""
        level = torch.round(torch.nan_to_num(values) * self.half_width) + self.half_width
        return torch.minimum(level.clamp(min=0).to(torch.int32), self.top)

    @torch.jit.export
    def values(self, digits: Tensor) -> Tensor:
        """Values (..., D) float32 of levels k (..., D)."""
        return (digits - self.half_width).to(torch.float32) / self.half_width


class SymmetricFSQ(nn.Module):
    """The form whose values are symmetric around zero for every number of levels, including two.

        k = floor((L - 1) (tanh(z) + 1) / 2 + 0.5),  value = 2 k / (L - 1) - 1

    Parker, Smirnov, Pons, Carr, Zukowski, Evans, Liu: Scaling Transformers for Low-Bitrate High-Quality Speech Coding,
    2024, section 3.2.

    Raises:
        ValueError: a number of levels outside 2..1000.
    """

    top: Tensor
    step: Tensor

    def __init__(self, levels: Sequence[int]) -> None:
        super().__init__()
        number = _checked(levels, lowest=2)
        self.register_buffer("top", number - 1, persistent=False)
        self.register_buffer("step", 2.0 / (number - 1), persistent=False)

    def forward(self, z: Tensor) -> Tensor:
        """Values (..., D) in -1..1 of latents (..., D), with the gradient of the unrounded ones."""
        place = self.place(z) + 0.5
        floored = place + (torch.floor(place) - place).detach()
        return self.step * floored - 1.0

    @torch.jit.export
    def place(self, z: Tensor) -> Tensor:
        """Where latents (..., D) lie among the levels, unrounded: 0..L-1."""
        return self.top * (torch.tanh(z.float()) + 1) / 2.0

    @torch.jit.export
    def digits(self, values: Tensor) -> Tensor:
        """Levels k (..., D) int32 of values (..., D); in 0..L-1 whatever comes in."""
        level = torch.round((torch.nan_to_num(values) + 1.0) / self.step)
        return torch.minimum(level.clamp(min=0).to(torch.int32), self.top)

    @torch.jit.export
    def values(self, digits: Tensor) -> Tensor:
        """Values (..., D) float32 of levels k (..., D)."""
        return digits.to(torch.float32) * self.step - 1.0


def quantizer(levels: Sequence[int], symmetric: bool) -> FSQ | SymmetricFSQ:
    """The chosen form of FSQ."""
    return SymmetricFSQ(levels) if symmetric else FSQ(levels)


def _checked(levels: Sequence[int], lowest: int) -> Tensor:
    if not levels or min(levels) < lowest or max(levels) > _HIGHEST:
        raise ValueError(
            f"FSQ levels are {list(levels)}, expected at least one number, each {lowest} to {_HIGHEST}"
            + (" (2 needs fsq: symmetric)" if lowest > 2 else "")
        )
    return torch.tensor(list(levels), dtype=torch.int32)


class MixedRadix(nn.Module):
    """Write D levels as one number, the first level least significant: sum_j k_j prod_{m<j} L_m.

    Raises:
        ValueError: more than 65536 values, which do not fit into a code on the wire.
    """

    basis: Tensor
    levels: Tensor

    def __init__(self, levels: Sequence[int]) -> None:
        super().__init__()
        self.size = math.prod(levels)
        if self.size > 1 << 16:
            raise ValueError(f"levels is {list(levels)}, which gives {self.size} values, expected at most 65536")
        basis = [math.prod(levels[:place]) for place in range(len(levels))]
        self.register_buffer("basis", torch.tensor(basis, dtype=torch.int32), persistent=False)
        self.register_buffer("levels", torch.tensor(list(levels), dtype=torch.int32), persistent=False)

    def forward(self, digits: Tensor) -> Tensor:
        """Numbers (...) int32 of digits (..., D) int32."""
        return (digits * self.basis).sum(-1).to(torch.int32)

    @torch.jit.export
    def split(self, number: Tensor) -> Tensor:
        """Digits (..., D) int32 of numbers (...)."""
        places = torch.div(number.unsqueeze(-1), self.basis, rounding_mode="floor")
        return torch.remainder(places, self.levels).to(torch.int32)
