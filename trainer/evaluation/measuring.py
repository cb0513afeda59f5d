"""Measure what a model keeps of patches it has not seen.

M patches, N samples in a patch, G codes of a patch.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.evaluation.codebook_usage import CodebookUsage, usage_metrics
from trainer.evaluation.codec import Method, in_tiles
from trainer.evaluation.metrics import ReconstructionMetrics, band_errors, loud, relative_error
from trainer.evaluation.plots import Patches
from trainer.protocols import PatchesByRate


def measure(
    encode: Method, decode: Method, patches: Tensor, rate_hz: float, model_rate_hz: float | None
) -> dict[str, Any]:
    """Figures of patches (M, N) uV from streams at `rate_hz`, through the codes and back."""
    patches = patches[loud(patches)]
    rates = torch.full((len(patches), 1), rate_hz)
    codes = in_tiles(encode, patches, rates)
    y = in_tiles(decode, codes, rates).double()
    x = patches.double()
    scores = ReconstructionMetrics()
    scores.add(x, y)
    figures = {name: _rounded(float(value)) for name, value in scores.compute().items()}
    return {
        "patches": len(patches),
        **figures,
        "nrmse_median": _rounded(float(relative_error(x, y).sqrt().median())),
        "prd_percent": _rounded(100 * float(torch.sqrt(((y - x) ** 2).sum() / (x**2).sum()))),
        "band_error": {name: _rounded(share) for name, share in band_errors(x, y, model_rate_hz or rate_hz).items()},
    }


def measure_all(
    encode: Method,
    decode: Method,
    patches: PatchesByRate,
    model_rate_hz: float | None,
) -> dict[str, Any]:
    """Figures by data set and rate, e.g. "eegmat 500 Hz"; where every patch is quiet there is nothing to say."""
    figures = {}
    for (data_set, rate_hz), rows in patches.items():
        if not loud(rows).any():
            continue
        name = f"{data_set} {rate_hz:g} Hz"
        figures[name] = measure(encode, decode, rows, rate_hz, model_rate_hz)
    return figures


def reconstruct_all(
    encode: Method, decode: Method, patches: PatchesByRate, model_rate_hz: float | None, most: int
) -> Patches:
    """At most so many loud patches of each data set and rate, beside what comes back of them."""
    pairs = {}
    for (data_set, rate_hz), rows in patches.items():
        x = rows[loud(rows)]
        x = x[torch.linspace(0, len(x) - 1, min(most, len(x))).round().long()]
        if len(x):
            rates_hz = torch.full((len(x), 1), rate_hz)
            y = in_tiles(decode, in_tiles(encode, x, rates_hz), rates_hz)
            name = f"{data_set} {rate_hz:g} Hz"
            pairs[name] = (x.double().numpy(), y.double().numpy(), model_rate_hz or rate_hz)
    return pairs


def histograms(encode: Method, codebook_sizes: Sequence[int], patches: PatchesByRate) -> list[NDArray[np.int64]]:
    """How often each value (W,) of each code occurs over all patches."""
    use = CodebookUsage(codebook_sizes)
    for (_, rate_hz), rows in patches.items():
        use.update(in_tiles(encode, rows, torch.full((len(rows), 1), rate_hz)))
    return [counts.numpy() for counts in use.compute()]


def codebook_metrics(counts: Sequence[NDArray[np.integer]]) -> dict[str, dict[str, float]]:
    """Use and perplexity of each code, by its number."""
    return {
        str(number): {name: _rounded(value) for name, value in usage_metrics(own).items()}
        for number, own in enumerate(counts)
    }


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
