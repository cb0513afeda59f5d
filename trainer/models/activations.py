"""Activations by name."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


class Snake(nn.Module):
    """x + sin(a x)^2 / a, with one learnable frequency a per feature.

    Ziyin, Hartwig, Ueda: Neural Networks Fail to Learn Periodic Functions and How to Fix It, 2020.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.frequency = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """Features (B, width) to features of the same shape."""
        return x + torch.sin(self.frequency * x) ** 2 / (self.frequency + 1e-6)


ACTIVATIONS: dict[str, Callable[[int], nn.Module]] = {
    "relu": lambda _width: nn.ReLU(),
    "gelu": lambda _width: nn.GELU(),
    "silu": lambda _width: nn.SiLU(),
    "snake": Snake,
}
"""Name to constructor, which takes the number of features."""


def activation(name: str, width: int) -> nn.Module:
    """The activation `name` for `width` features.

    Raises:
        ValueError: there is no activation of that name.
    """
    if name not in ACTIVATIONS:
        raise ValueError(f"activation is {name!r}, expected {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name](width)
