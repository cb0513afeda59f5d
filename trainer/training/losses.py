"""Losses.

B patches, N samples in a patch.
"""

from torch import Tensor


class RelativeError:
    """Error energy over patch energy, so that every patch has the same weight, whatever its amplitude.

    mean_n(sum e^2 / (sum x^2 + N floor^2)); its square root is about the reported `nrmse`. The floor prevents patches
    without a signal from dominating the gradient.
    """

    def __init__(self, floor_uv: float) -> None:
        self._floor_uv = floor_uv

    def __call__(self, y: Tensor, x: Tensor) -> Tensor:
        """Loss of reconstructions and originals (B, N) in microvolts."""
        floor = x.shape[1] * self._floor_uv**2
        return (((y - x) ** 2).sum(dim=1) / ((x**2).sum(dim=1) + floor)).mean()
