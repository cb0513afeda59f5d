"""The tables of a classified codec, as fitted.

N samples in a patch, n coefficients that may be coded, K classes, P places of a class (its coded coefficients in order
of importance, then padding), T steps of a trellis.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.models.classified.trellis import middle_cell


@dataclass(frozen=True)
class ClassTables:
    """Tables fitted to training patches."""

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

    def arranged(self, steps: int) -> dict[str, NDArray[np.generic]]:
        """The codec's buffers by name; those that its encoder reads by step have a row for each step."""
        lanes = -(-(self.rate > 0).sum(axis=1) // steps)
        return {
            "coefficient": _by_steps(self.coefficient, steps, 0),
            "scale": _by_steps(self.scale, steps, 1),
            "middle": _by_steps(middle_cell(self.rate), steps, int(middle_cell(np.zeros((), np.int64)))),
            "rate": self.rate,
            "word": self.word,
            "shift": self.shift,
            "size": np.maximum(lanes, 1),
            "score": self.score,
            "score_constant": self.score_constant,
            "spread": self.spread,
            "lost": self.lost,
        }


def _by_steps(values: NDArray[np.generic], steps: int, padding: float) -> NDArray[np.generic]:
    """(T, segments K + 1) of a table (K, P)."""
    rows = values.reshape(-1, steps)
    return np.concatenate([rows, np.full((1, steps), padding, rows.dtype)]).T
