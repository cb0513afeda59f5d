"""The tokens model: level and envelope in the first code, shapes in multiples of the envelope in all others.

    patch, µV -> gain -> cosines -> encoder network -> FSQ -> first code
    first code -> decoder network -> expected sizes -> weighted search of fixed codebooks -> other codes
    codes -> expected sizes times codebook values -> cosines -> gain -> patch, µV

B patches, N samples in a patch, n coefficients that are coded, E digits of the envelope, G codes, C = G - 1.
"""

from typing import Any

import numpy as np
import torch
from scipy.fft import dct
from torch import Tensor, nn

from trainer.models.amplitude import LIMIT_UV, LogGain
from trainer.models.fsq import MixedRadix, SymmetricFSQ
from trainer.models.mlp import Mlp
from trainer.models.tokens.codebooks import HalvedCodebooks
from trainer.models.tokens.settings import TokenSettings

_EDGES = (*range(6), *range(6, 32, 2), 32, 36, 40, 46, 54, 64, 76, 88, 100, 112, 126)
"""First coefficients of the bands whose energies the encoder sees, in a patch of 256 samples."""
_FLOOR = 0.03
"""Energy added to each band's, so that its logarithm is bounded; a patch of white noise has 1."""


class TokenCodec(nn.Module):
    """Level and envelope, then shapes by codebooks that never change. `settings` are those of `TokenSettings`.

    Raises:
        ValueError: settings that cannot be built.
    """

    analysis: Tensor
    synthesis: Tensor
    bands: Tensor
    feature_mean: Tensor
    feature_size: Tensor

    def __init__(self, *, use_conditioning: bool = True, **settings: Any) -> None:
        super().__init__()
        given = TokenSettings(**settings)
        self.patch_size, self.coefficients = given.patch_size, given.coefficients
        self.codebook_sizes = given.codebook_sizes
        self.prefix = True
        self.decodes = ["mse"]
        self.about = given.about
        self.limit_uv, self.floor = LIMIT_UV, _FLOOR
        self.lowest_log, self.highest_log = -6.0, 4.0
        self.gain = LogGain([given.gain_levels], *given.gain_range_uv)
        self.radix = MixedRadix([given.gain_levels, *given.envelope_levels])
        self.quantizer = SymmetricFSQ(given.envelope_levels)
        basis = torch.from_numpy(dct(np.eye(self.patch_size), norm="ortho", axis=0)[: self.coefficients]).float()
        self.register_buffer("synthesis", basis.contiguous(), persistent=False)
        self.register_buffer("analysis", basis.t().contiguous(), persistent=False)
        bands = _bands(given.coefficients, given.patch_size)
        self.register_buffer("bands", bands, persistent=False)
        n_bands, n_digits = bands.shape[1], len(given.envelope_levels)
        self.register_buffer("feature_mean", torch.zeros(n_bands))
        self.register_buffer("feature_size", torch.ones(n_bands))
        hidden = [given.hidden, given.hidden]
        self.encoder = Mlp([n_bands, *hidden, n_digits], "gelu", 0.0, use_conditioning)
        self.decoder = Mlp([n_digits, *hidden, given.coefficients], "gelu", 0.0, use_conditioning)
        self.log_size = nn.Parameter(torch.zeros(given.coefficients))
        self.codebooks = HalvedCodebooks(given.half_sizes, given.members, given.candidates)

    def features(self, z: Tensor) -> Tensor:
        """Log energies of bands (B, bands) of coefficients over the gain (B, n)."""
        return torch.log(torch.matmul(z * z, self.bands) + self.floor)

    def envelope(self, z: Tensor, rate_hz: Tensor) -> Tensor:
        """FSQ values (B, E) of the envelope of coefficients over the gain (B, n)."""
        latent = self.encoder((self.features(z) - self.feature_mean) / self.feature_size, rate_hz)
        values: Tensor = self.quantizer(latent)
        return values

    def sizes(self, envelope: Tensor, rate_hz: Tensor) -> Tensor:
        """Expected sizes (B, n) of coefficients over the gain, of FSQ values (B, E)."""
        log_size = self.log_size + self.decoder(envelope, rate_hz)
        return torch.exp(log_size.clamp(self.lowest_log, self.highest_log))

    def analyse(self, patches: Tensor) -> tuple[Tensor, Tensor]:
        """The gain's digit (B, 1) and coefficients over the gain (B, n) of patches (B, N) uV."""
        x_uv = torch.nan_to_num(patches).clamp(-self.limit_uv, self.limit_uv)
        digit = self.gain.digits(x_uv)
        return digit, torch.matmul(self.gain(x_uv, digit), self.analysis)

    def forward(self, patches: Tensor, rate_hz: Tensor) -> Tensor:
        """Reconstruction (B, N) uV of patches (B, N) uV; differentiable in networks and codebooks, codes held fixed."""
        digit, z = self.analyse(patches)
        size = self.sizes(self.envelope(z, rate_hz), rate_hz)
        first, second = self.codebooks.search(z.detach(), size.detach())
        known = torch.ones(first.shape, device=z.device)
        return self._synthesise(digit, size * self.codebooks(first, second, known, self.coefficients))

    @torch.jit.export
    def encode(self, patches: Tensor, rate_hz: Tensor) -> Tensor:
        """Codes (B, G) int32 of patches (B, N) uV at rates (B, 1)."""
        digit, z = self.analyse(patches)
        envelope = self.envelope(z, rate_hz)
        first, second = self.codebooks.search(z, self.sizes(envelope, rate_hz))
        head = self.radix(torch.cat([digit, self.quantizer.digits(envelope)], dim=1)).unsqueeze(1)
        return torch.cat([head, self.codebooks.codes_of(first, second).to(torch.int32)], dim=1)

    @torch.jit.export
    def decode(self, codes: Tensor, rate_hz: Tensor) -> Tensor:
        """Patches (B, N) uV of codes (B, G) int32; a code of -1 and all after it are unknown."""
        known = torch.cumprod((codes >= 0).to(torch.float32), dim=1)
        told = codes.clamp_min(0)
        digits = self.radix.split(told[:, 0])
        size = self.sizes(self.quantizer.values(digits[:, 1:]), rate_hz)
        first, second = self.codebooks.halves_of(told[:, 1:])
        value = self.codebooks(first, second, known[:, 1:].t(), self.coefficients)
        return self._synthesise(digits[:, :1], size * value)

    def _synthesise(self, digit: Tensor, z: Tensor) -> Tensor:
        """Patches (B, N) uV of the gain's digit (B, 1) and coefficients over the gain (B, n)."""
        patches: Tensor = self.gain.expand(torch.matmul(z, self.synthesis), digit)
        return patches


def _bands(coefficients: int, patch_size: int) -> Tensor:
    """Matrix (n, bands) that averages coefficients over bands."""
    scaled = {round(edge * patch_size / 256) for edge in _EDGES}
    edges = [*sorted(edge for edge in scaled if edge < coefficients), coefficients]
    bands = torch.zeros(coefficients, len(edges) - 1)
    for band in range(len(edges) - 1):
        low, high = edges[band], edges[band + 1]
        bands[low:high, band] = 1 / (high - low)
    return bands
