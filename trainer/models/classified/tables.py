"""What a classified codec looks up, as its fit gives it.

N samples in a patch, n coefficients that may be coded, K classes, P places of a class (its coded coefficients in order
of importance, then padding).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ClassTables:
    """What is fitted to training patches."""

    coefficient: NDArray[np.int64]
    """(K, P) of each place; 0 where there is padding."""
    scale: NDArray[np.float64]
    """(K, P) standard deviations; 1 where there is padding."""
    rate: NDArray[np.int64]
    """(K, P) bits; 0 where there is padding."""
    word: NDArray[np.int64]
    """(K, P) number of the code that holds the symbol."""
    shift: NDArray[np.int64]
    """(K, P) bits below it."""
    score: NDArray[np.float64]
    """(3, n, K) weights of z^2, |z| and |z|^3 in a class's expected error."""
    score_constant: NDArray[np.float64]
    """(K,)"""
    spread: NDArray[np.float64]
    """(K, N) standard deviation of every coefficient, coded or not."""
    levels: NDArray[np.float64]
    """(4, 7, 32) of the trellis."""
    lost: NDArray[np.float64]
    """(7,) share of the standard deviation that a rate leaves."""
