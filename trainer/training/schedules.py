"""Learning-rate schedules that PyTorch does not have."""

import math

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR


class _WarmupCosine:
    """Factor of the learning rate at a step."""

    def __init__(self, warmup_steps: int, total_steps: int, last: float) -> None:
        self.warmup_steps, self.total_steps, self.last = warmup_steps, total_steps, last

    def __call__(self, step: int) -> float:
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, step / self.total_steps)))
        return min(1.0, (step + 1) / (self.warmup_steps + 1)) * (self.last + (1 - self.last) * cosine)


def warmup_cosine(optimizer: Optimizer, warmup_steps: int, eta_min: float, total_steps: int) -> LambdaLR:
    """A rate that rises to that of the optimizer over `warmup_steps`, and falls along a cosine to `eta_min`."""
    return LambdaLR(optimizer, _WarmupCosine(warmup_steps, total_steps, eta_min / optimizer.defaults["lr"]))
