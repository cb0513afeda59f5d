"""Log band powers of a patch, in the way in which probes of codes ask for them: of a Hann periodogram.

B patches, N samples in a patch.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

_FLOOR = 1e-3
"""Added to each power, so that its logarithm is bounded; white noise of unit variance has 3 / 8 N."""


class BandPowers(nn.Module):
    """Logarithms of the mean power of Fourier coefficients `edges[i]` to `edges[i + 1] - 1`."""

    waves: Tensor
    means: Tensor

    def __init__(self, patch_size: int, edges: Sequence[int]) -> None:
        super().__init__()
        self.bands, self.floor = len(edges) - 1, _FLOOR
        low, high = edges[0], edges[-1]
        window = torch.hann_window(patch_size, periodic=False, dtype=torch.float64)
        spectrum = torch.fft.rfft(torch.diag(window))[:, low:high]
        means = torch.zeros(high - low, self.bands)
        for band, (first, end) in enumerate(pairwise(edges)):
            means[first - low : end - low, band] = 1 / (end - first)
        self.register_buffer("waves", torch.cat([spectrum.real, spectrum.imag], dim=1).float(), persistent=False)
        self.register_buffer("means", means.repeat(2, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Log powers (B, bands) of samples (B, N)."""
        waves = torch.matmul(x, self.waves)
        return torch.log(torch.matmul(waves * waves, self.means) + self.floor)
