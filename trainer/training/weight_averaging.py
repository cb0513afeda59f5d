"""Average the weights over the last steps; their exponential moving average is validated and saved."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Update = Callable[[Sequence[Tensor], Sequence[Tensor], Tensor | int], None]


def warming_ema(decay: float) -> Update:
    """A moving average whose decay grows with the number n of steps: min(decay, (1 + n) / (10 + n)).

    So the random weights of the start are soon forgotten.
    """
    if not 0 <= decay < 1:
        raise ValueError(f"decay is {decay}, expected 0 or more and less than 1")

    @torch.no_grad()
    def update(averages: Sequence[Tensor], weights: Sequence[Tensor], averaged: Tensor | int) -> None:
        n = int(averaged)
        torch._foreach_lerp_(list(averages), list(weights), 1 - min(decay, (1 + n) / (10 + n)))

    return update
