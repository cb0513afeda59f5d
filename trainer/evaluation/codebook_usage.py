"""The use of codebooks by a model.

M patches, G codes of a patch, W values of a code.
"""

from collections.abc import Sequence
from itertools import groupby

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import binom
from torch import Tensor
from torchmetrics import Metric


class CodebookUsage(Metric):
    """Histogram of each of G codes with `codebook_sizes` values."""

    full_state_update = False
    counts: Tensor
    _first: Tensor

    def __init__(self, codebook_sizes: Sequence[int]) -> None:
        super().__init__()
        self._sizes = tuple(codebook_sizes)
        first = np.cumsum([0, *codebook_sizes[:-1]])
        self.register_buffer("_first", torch.from_numpy(first), persistent=False)
        self.add_state("counts", torch.zeros(sum(codebook_sizes), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, codes: Tensor) -> None:
        """Add codes (M, G)."""
        places = (codes.long() + self._first).flatten()
        self.counts += torch.bincount(places, minlength=len(self.counts))

    def compute(self) -> list[Tensor]:
        """Histograms (W,), one for each code."""
        return list(torch.split(self.counts, list(self._sizes)))


def listed(codebook_sizes: Sequence[int]) -> str:
    """Codebook sizes as text, with equal neighbours grouped: "32, 256, 8 x 16384"."""
    runs = [(size, len(list(run))) for size, run in groupby(codebook_sizes)]
    return ", ".join(f"{count} x {size}" if count > 1 else f"{size}" for size, count in runs)


def entropy_bits(counts: NDArray[np.integer]) -> float:
    """Entropy of a histogram (W,) in bits: sum p log2(1 / p)."""
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log2(share)).sum())


def usage_metrics(counts: NDArray[np.integer]) -> dict[str, float]:
    """Use of one code, from its histogram (W,).

    `used` is the share of the W values that occur, `perplexity` is 2^entropy. `_ideal` are the expected values of a
    uniform source with the same number of patches, which are below full use.
    """
    size, patches = len(counts), int(counts.sum())
    return {
        "used": float((counts > 0).mean()),
        "used_ideal": 1 - (1 - 1 / size) ** patches,
        "perplexity": 2 ** entropy_bits(counts) if patches else 0.0,
        "perplexity_ideal": _ideal_perplexity(size, patches),
    }


def _ideal_perplexity(size: int, patches: int) -> float:
    """2^E[entropy] of M draws of W equally likely values: each value's count is binomial with probability 1 / W."""
    if not patches:
        return 0.0
    most = int(binom.ppf(1 - 1e-12, patches, 1 / size)) + 1
    count = np.arange(1, most + 1)
    share = count / patches
    return float(2 ** -(size * (binom.pmf(count, patches, 1 / size) * share * np.log2(share)).sum()))


def codebook_metrics(counts: Sequence[NDArray[np.integer]]) -> dict[str, dict[str, float]]:
    """Use and perplexity of each code, by its number, to four digits."""
    return {
        str(number): {name: float(f"{value:.4g}") for name, value in usage_metrics(own).items()}
        for number, own in enumerate(counts)
    }
