"""The residual autoencoder: pre-norm MLP blocks of one width, modulated and gated by the sampling rate.

Adaptive layer norm with a gate: Peebles, Xie: Scalable Diffusion Models with Transformers, 2023.

B patches, W features.
"""

from typing import Any

import torch
from torch import Tensor, nn

from trainer.models.activations import activation as activation_of
from trainer.models.autoencoder import Autoencoder, CodeLayout
from trainer.models.film import RateEmbedding


class AdaptiveNorm(nn.Module):
    """Layer norm whose scale and shift, and the gate of its block, are functions of the rate.

    norm(x) (1 + scale) + shift and 1 + gate; scale, shift and gate are zero before training.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.embedding = RateEmbedding()
        self.hidden = nn.Linear(RateEmbedding.width, hidden)
        self.output = nn.Linear(hidden, 3 * width)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def forward(self, x: Tensor, rate_hz: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised features (B, W) of features (B, W) at rates (B, 1), and the gate (B, W)."""
        scale, shift, gate = self.output(nn.functional.silu(self.hidden(self.embedding(rate_hz)))).chunk(3, dim=1)
        return self.norm(x) * (1 + scale) + shift, 1 + gate


class PlainNorm(nn.Module):
    """Layer norm with a learned scale, shift and gate that do not depend on the rate."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.gate = nn.Parameter(torch.ones(1, width))

    def forward(self, x: Tensor, rate_hz: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ARG002  (as AdaptiveNorm)
        """Normalised features (B, W) of features (B, W), and the gate (1, W)."""
        return self.norm(x), self.gate


class ResidualBlock(nn.Module):
    """x + gate * W2 dropout(activation(W1 norm(x)))."""

    def __init__(self, width: int, kind: str, dropout: float, conditioned: bool) -> None:
        super().__init__()
        self.norm = AdaptiveNorm(width, hidden=32) if conditioned else PlainNorm(width)
        self.expand = nn.Linear(width, width)
        self.activation = activation_of(kind, width)
        self.dropout = nn.Dropout(dropout)
        self.project = nn.Linear(width, width)

    def forward(self, x: Tensor, rate_hz: Tensor) -> Tensor:
        """Features (B, W) of features (B, W) at rates (B, 1)."""
        h, gate = self.norm(x, rate_hz)
        change: Tensor = self.project(self.dropout(self.activation(self.expand(h))))
        changed: Tensor = x + gate * change
        return changed


class ResidualMlp(nn.Module):
    """Linear, blocks, layer norm, linear."""

    def __init__(self, sizes: tuple[int, int, int], blocks: int, kind: str, dropout: float, conditioned: bool) -> None:
        super().__init__()
        n_in, width, n_out = sizes
        self.input = nn.Linear(n_in, width)
        self.blocks = nn.ModuleList([ResidualBlock(width, kind, dropout, conditioned) for _ in range(blocks)])
        self.norm = nn.LayerNorm(width)
        self.output = nn.Linear(width, n_out)

    def forward(self, x: Tensor, rate_hz: Tensor) -> Tensor:
        """Features (B, n_out) of features (B, n_in) at rates (B, 1)."""
        x = self.input(x)
        for block in self.blocks:
            x = block(x, rate_hz)
        result: Tensor = self.output(self.norm(x))
        return result


def residual_autoencoder(
    patch_size: int,
    width: int,
    blocks: int,
    *,
    dropout: float = 0.0,
    activation: str = "gelu",
    use_conditioning: bool = True,
    **codes: Any,
) -> Autoencoder:
    """`blocks` residual blocks of `width` each in encoder and decoder; `codes` are settings of a `CodeLayout`.

    Raises:
        ValueError: settings that cannot be built.
    """
    if width < 1 or blocks < 1:
        raise ValueError(f"width is {width} and blocks is {blocks}, expected 1 or more")
    layout = CodeLayout(patch_size, **codes)
    return Autoencoder(
        layout,
        encoder=ResidualMlp(
            (layout.n_features, width, layout.n_latents), blocks, activation, dropout, use_conditioning
        ),
        decoder=ResidualMlp(
            (layout.n_latents, width, layout.n_features), blocks, activation, dropout, use_conditioning
        ),
    )
