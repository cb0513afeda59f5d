"""Condition features on the sampling rate.

Perez, Strub, de Vries, Dumoulin, Courville: FiLM, 2018.

B patches, W features.
"""

from typing import Final

import torch
from torch import Tensor, nn

_HARMONICS = 8
_HIDDEN = 32


class RateEmbedding(nn.Module):
    """Sines and cosines of 1 to 8 times log(rate / 256 Hz): smooth in the ratio of two rates."""

    multiples: Tensor
    reference_hz: Final = 256.0
    width = 2 * _HARMONICS

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("multiples", torch.arange(1, _HARMONICS + 1, dtype=torch.float32), persistent=False)

    def forward(self, rate_hz: Tensor) -> Tensor:
        """Embedding (B, 16) of rates (B, 1)."""
        angle = torch.log(rate_hz.clamp(1.0, 1e6) / self.reference_hz) * self.multiples
        return torch.cat([torch.sin(angle), torch.cos(angle)], dim=1)


class FiLM(nn.Module):
    """Scale and shift features by functions of the rate: h (1 + scale) + shift; the identity before training."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embedding = RateEmbedding()
        self.hidden = nn.Linear(RateEmbedding.width, _HIDDEN)
        self.output = nn.Linear(_HIDDEN, 2 * width)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def forward(self, features: Tensor, rate_hz: Tensor) -> Tensor:
        """Features (B, W) for rates (B, 1)."""
        scale, shift = self.output(nn.functional.silu(self.hidden(self.embedding(rate_hz)))).chunk(2, dim=1)
        modulated: Tensor = features * (1 + scale) + shift
        return modulated
