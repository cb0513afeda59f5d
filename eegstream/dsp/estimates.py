"""What decoded patches say of the signal, and how sure of it they are: the input of the filters behind a decoder.

The cosine coefficients are those of the orthonormal DCT-II. P patches, C channels, N samples in a patch.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct, idct

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Estimates:
    """Decoded patches with the spread of each cosine coefficient before its codes were known, and after."""

    samples_uv: Floats
    """(P, C, N)"""
    expected_uv: Floats
    """(P, C, N), standard deviation of the coefficients as the patch's envelope says."""
    left_uv: Floats
    """(P, C, N), standard deviation of their errors; as large as `expected_uv` where the codes say nothing."""

    @property
    def coefficients_uv(self) -> Floats:
        """Cosine coefficients of the samples (P, C, N)."""
        return coefficients(self.samples_uv)

    def corrected(self, by_uv: Floats) -> "Estimates":
        """These with corrections (P, C, N) of the coefficients; where all of them are 0, samples stay to the bit."""
        return Estimates(self.samples_uv + samples(by_uv), self.expected_uv, self.left_uv)


def coefficients(samples_uv: NDArray[np.floating]) -> Floats:
    """Cosine coefficients along the last axis."""
    return np.asarray(dct(samples_uv.astype(np.float64), norm="ortho", axis=-1), np.float64)


def samples(coefficients_uv: Floats) -> Floats:
    """The samples of cosine coefficients along the last axis."""
    return np.asarray(idct(coefficients_uv, norm="ortho", axis=-1), np.float64)
