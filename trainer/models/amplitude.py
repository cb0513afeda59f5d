"""Scale microvolts to the order of one before the network, and back after it.

All that the decoder needs for this is in the codes: nothing for a fixed curve, some digits for a gain. Both classes
have the same three methods, so that the model uses them alike.

B patches, N samples in a patch, A digits of the amplitude.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from trainer.models.fsq import MixedRadix

LIMIT_UV = 1e5
"""Inputs are clipped to this magnitude, far beyond any EEG, so that the network cannot overflow."""


def require_range(low_uv: float, high_uv: float) -> None:
    """Refuse a range of gains that is empty or not positive.

    Raises:
        ValueError: it is.
    """
    if not 0 < low_uv < high_uv:
        raise ValueError(
            f"gain_range_uv is [{low_uv:g}, {high_uv:g}], expected two positive numbers, the lower one first"
        )


class Compression(nn.Module):
    """A fixed odd curve, asinh(x / unit): linear below the unit, logarithmic above. It needs no digit.

    Raises:
        ValueError: a unit that is not positive.
    """

    def __init__(self, unit_uv: float) -> None:
        super().__init__()
        if unit_uv <= 0:
            raise ValueError(f"unit_uv is {unit_uv:g}, expected more than 0")
        self.unit_uv = unit_uv
        self.highest = math.asinh(LIMIT_UV / unit_uv)

    def forward(self, x_uv: Tensor, digits: Tensor) -> Tensor:  # noqa: ARG002  (a curve needs none)
        """Compressed samples (B, N)."""
        return torch.asinh(x_uv / self.unit_uv)

    @torch.jit.export
    def digits(self, x_uv: Tensor) -> Tensor:
        """No digits (B, 0)."""
        return torch.zeros(x_uv.shape[0], 0, dtype=torch.int32, device=x_uv.device)

    @torch.jit.export
    def expand(self, h: Tensor, digits: Tensor) -> Tensor:  # noqa: ARG002  (a curve needs none)
        """Microvolts (B, N) of compressed samples."""
        return torch.sinh(h.clamp(-self.highest, self.highest)) * self.unit_uv


class LogGain(nn.Module):
    """Divide by the patch's root mean square, rounded on a logarithmic grid from `low_uv` to `high_uv`.

    The grid has as many steps as digits of `levels` can express. The patch is divided by the rounded gain, so that the
    rounding causes no error.

    Raises:
        ValueError: a range that is empty or not positive.
    """

    def __init__(self, levels: Sequence[int], low_uv: float, high_uv: float) -> None:
        super().__init__()
        require_range(low_uv, high_uv)
        self.radix = MixedRadix(levels)
        self.low_uv = low_uv
        self.high_uv = high_uv
        self.log_step = math.log(high_uv / low_uv) / (self.radix.size - 1)

    def forward(self, x_uv: Tensor, digits: Tensor) -> Tensor:
        """Samples (B, N) over their gain."""
        return x_uv / self._gain_uv(digits)

    @torch.jit.export
    def digits(self, x_uv: Tensor) -> Tensor:
        """Digits (B, A) int32 of the gain of patches (B, N)."""
        rms_uv = torch.sqrt((x_uv * x_uv).mean(dim=1)).clamp(self.low_uv, self.high_uv)
        digits: Tensor = self.radix.split(torch.round(torch.log(rms_uv / self.low_uv) / self.log_step).to(torch.int32))
        return digits

    @torch.jit.export
    def expand(self, h: Tensor, digits: Tensor) -> Tensor:
        """Microvolts (B, N) of samples over their gain."""
        return h * self._gain_uv(digits)

    def _gain_uv(self, digits: Tensor) -> Tensor:
        """Gain (B, 1) of digits (B, A)."""
        step: Tensor = self.radix(digits)
        return (self.low_uv * torch.exp(step.to(torch.float32) * self.log_step)).unsqueeze(1)
