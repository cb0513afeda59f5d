"""Give the network whitened cosine coefficients, or the samples themselves.

N samples in a patch, K coefficients kept.
"""

import math

import torch
from torch import Tensor, nn

_CORNER = 12.0


class Samples(nn.Module):
    """The samples themselves."""

    def forward(self, x: Tensor) -> Tensor:
        """The same samples (B, N)."""
        return x

    @torch.jit.export
    def invert(self, h: Tensor) -> Tensor:
        """The same samples (B, N)."""
        return h


class WhitenedCosines(nn.Module):
    """The first K coefficients of the orthonormal DCT-II, each divided by its expected size in a 1/f signal.

    The expected size of coefficient k is proportional to 1 / (k + 12), scaled to the energy N of a patch of unit root
    mean square. `invert` multiplies again; coefficients from K on become zero. Networks learn several times faster on
    these than on samples, whose energy is in a few slow directions.
    """

    cosines: Tensor
    size: Tensor

    def __init__(self, patch_size: int, kept: int) -> None:
        super().__init__()
        place = torch.arange(patch_size, dtype=torch.float64)
        order = torch.arange(kept, dtype=torch.float64)[:, None]
        cosines = torch.cos(math.pi / patch_size * (place + 0.5) * order) * math.sqrt(2 / patch_size)
        cosines[0] /= math.sqrt(2)
        size = 1 / (order + _CORNER)
        size *= torch.sqrt(patch_size / (size**2).sum())
        self.register_buffer("cosines", cosines.float(), persistent=False)
        self.register_buffer("size", size[:, 0].float(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Coefficients (B, K) of samples (B, N)."""
        return torch.matmul(x, self.cosines.t()) / self.size

    @torch.jit.export
    def invert(self, h: Tensor) -> Tensor:
        """Samples (B, N) of coefficients (B, K)."""
        return torch.matmul(h * self.size, self.cosines)
