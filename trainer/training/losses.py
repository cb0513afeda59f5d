"""Losses.

B patches, N samples in a patch.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
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


class RelativeSpectralError:
    """`RelativeError`, plus `weight` times the mean magnitude of the log ratio of the two power spectra in bands.

    Bands have edges in `edges`, as numbers of a patch's Fourier coefficients. 1 % of the patch's mean power per
    coefficient is added to both spectra, so that bands in which there is nothing count for little.
    """

    def __init__(self, floor_uv: float, weight: float, edges: Sequence[int]) -> None:
        self._relative = RelativeError(floor_uv)
        self._floor_uv = floor_uv
        self._weight = weight
        self._edges = list(edges)

    def __call__(self, y: Tensor, x: Tensor) -> Tensor:
        """Loss of reconstructions and originals (B, N) in microvolts."""
        of_x, of_y = self._powers(x), self._powers(y)
        floor = 0.01 * (of_x.mean(dim=1, keepdim=True) + self._floor_uv**2 * x.shape[1])
        ratio = torch.log((of_y + floor) / (of_x + floor))
        return self._relative(y, x) + self._weight * ratio.abs().mean()

    def _powers(self, x: Tensor) -> Tensor:
        """Mean power (B, bands) of patches (B, N)."""
        power = torch.fft.rfft(x).abs().square()
        return torch.stack([power[:, low:high].mean(dim=1) for low, high in pairwise(self._edges)], dim=1)
