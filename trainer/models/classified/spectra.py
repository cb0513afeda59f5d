"""What the fit computes of coefficients: the spectrum that classes have in common, and terms of the expected error.

m patches, n coefficients, N samples in a patch, K classes.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

PRIORS = ("mean", "geometric")
"""Spectra towards which classes of few patches tend: the mean of all patches, or the geometric mean of all classes."""
_LEAST = 1e-9
"""Added to variances, so that there is a logarithm."""


def geometric_mean(sums: NDArray[np.float64], count: NDArray[np.integer]) -> NDArray[np.float64]:
    """The geometric mean (N,) of the classes' spectra, from sums (K, N) and numbers (K, 1) of their patches.

    Strong lines in the patches of a few classes hardly move it.
    """
    used = count[:, 0] > 0
    return np.asarray(np.exp(np.log(sums[used] / count[used] + _LEAST).mean(axis=0)))


def regression_features(z: Tensor) -> Tensor:
    """Terms (m, 3 n + 1) of the expected error of coefficients (m, n): z^2, |z|, |z|^3 and 1."""
    size = z.abs()
    return torch.cat([z.square(), size, size**3, torch.ones(len(z), 1)], dim=1)
