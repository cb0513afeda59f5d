"""The MLP autoencoder: hidden layers of decreasing width, FSQ, and the same widths in reverse order.

B patches.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from torch import Tensor, nn

from trainer.models.activations import activation as activation_of
from trainer.models.autoencoder import Autoencoder, CodeLayout
from trainer.models.film import FiLM


class HiddenLayer(nn.Module):
    """Linear, FiLM if `film` is set, activation, dropout."""

    def __init__(self, n_in: int, n_out: int, kind: str, dropout: float, film: bool) -> None:
        super().__init__()
        self.linear = nn.Linear(n_in, n_out)
        self.film = FiLM(n_out) if film else None
        self.activation = activation_of(kind, n_out)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, rate_hz: Tensor) -> Tensor:
        """Features (B, n_out) of features (B, n_in) at rates (B, 1)."""
        h = self.linear(x)
        if self.film is not None:
            h = self.film(h, rate_hz)
        result: Tensor = self.dropout(self.activation(h))
        return result


class Mlp(nn.Module):
    """Hidden layers with the widths between the first and the last, then a linear layer."""

    def __init__(self, widths: Sequence[int], kind: str, dropout: float, film: bool) -> None:
        super().__init__()
        self.layers = nn.ModuleList([HiddenLayer(a, b, kind, dropout, film) for a, b in pairwise(widths[:-1])])
        self.output = nn.Linear(widths[-2], widths[-1])

    def forward(self, x: Tensor, rate_hz: Tensor) -> Tensor:
        """Features (B, last) of features (B, first) at rates (B, 1)."""
        for layer in self.layers:
            x = layer(x, rate_hz)
        result: Tensor = self.output(x)
        return result


def mlp_autoencoder(
    patch_size: int,
    hidden_dims: Sequence[int],
    *,
    dropout: float = 0.0,
    activation: str = "relu",
    use_conditioning: bool = False,
    **codes: Any,
) -> Autoencoder:
    """Hidden layers of widths `hidden_dims`, in reverse order in the decoder; `codes` are settings of a `CodeLayout`.

    Raises:
        ValueError: settings that cannot be built.
    """
    if not hidden_dims:
        raise ValueError("hidden_dims is empty, expected at least one width")
    layout = CodeLayout(patch_size, **codes)
    widths = [layout.n_features, *hidden_dims, layout.n_latents]
    return Autoencoder(
        layout,
        encoder=Mlp(widths, activation, dropout, use_conditioning),
        decoder=Mlp(widths[::-1], activation, dropout, use_conditioning),
    )
