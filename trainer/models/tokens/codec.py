"""The tokens model: level and envelope in the first two codes, shapes in multiples of the envelope in all others.

    patch, µV -> gain -> cosines -> log energies -> encoder network -> FSQ -> first two codes
    first two codes -> decoder network -> expected sizes -> weighted search of fixed codebooks -> other codes
    codes -> expected sizes times codebook values -> cosines -> gain -> patch, µV

B patches, N samples in a patch, n coefficients that are coded, F features of the encoder network, E digits of the
envelope, G codes.
"""

from typing import Any

import numpy as np
import torch
from scipy.fft import dct
from torch import Tensor, nn

from trainer.models.amplitude import LIMIT_UV, LogGain
from trainer.models.fsq import MixedRadix, SymmetricFSQ
from trainer.models.hashed_noise import hashed_signs
from trainer.models.mlp import Mlp
from trainer.models.tokens.band_powers import BandPowers
from trainer.models.tokens.codebooks import HalvedCodebooks
from trainer.models.tokens.settings import TokenSettings

_EDGES = (*range(6), *range(6, 32, 2), 32, 36, 40, 46, 54, 64, 76, 88, 100, 112, 126)
"""First coefficients of the bands whose energies the encoder sees, in a patch of 256 samples."""
_FLOOR = 0.03
"""Energy added to each band's, so that its logarithm is bounded; a patch of white noise has 1."""
_LEFT_WEIGHT = 0.001
"""Of the likelihood of what is left open, in training; nothing else depends on it."""
_EVEN_WEIGHT = 1.0
"""Of unused digits, relative to the error of log powers."""
_LEAST_ENERGY = 1e-5
"""Added to each coefficient's energy, so that no likelihood is infinite."""


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
    owner: Tensor
    mixers: Tensor

    def __init__(self, *, use_conditioning: bool = True, **settings: Any) -> None:
        super().__init__()
        given = TokenSettings(**settings)
        self.patch_size, self.coefficients = given.patch_size, given.coefficients
        self.codebook_sizes = given.codebook_sizes
        self.prefix = True
        self.decodes = ["mse", "spectrum"]
        self.about = given.about
        self.limit_uv, self.floor = LIMIT_UV, _FLOOR
        self.lowest_log, self.highest_log = -6.0, 4.0
        self.gain = LogGain([given.gain_levels], *given.gain_range_uv)
        self.radix = MixedRadix([given.gain_levels, *given.envelope_levels])
        self.detail_radix = MixedRadix(given.detail_levels)
        self.rough_digits = len(given.envelope_levels)
        self.quantizer = SymmetricFSQ([*given.envelope_levels, *given.detail_levels])
        basis = torch.from_numpy(dct(np.eye(self.patch_size), norm="ortho", axis=0)).float()
        self.register_buffer("synthesis", basis.contiguous(), persistent=False)
        self.register_buffer("analysis", basis[: self.coefficients].t().contiguous(), persistent=False)
        bands = _bands(given.coefficients, given.patch_size)
        self.register_buffer("bands", bands, persistent=False)
        self.powers = BandPowers(given.patch_size, given.power_edges)
        self.power_weight = given.power_weight
        n_features, n_digits = bands.shape[1] + self.powers.bands, len(self.quantizer.top)
        self.register_buffer("feature_mean", torch.zeros(n_features))
        self.register_buffer("feature_size", torch.ones(n_features))
        hidden = [given.hidden, given.hidden]
        self.encoder = Mlp([n_features, *hidden, n_digits], "gelu", 0.0, use_conditioning)
        self.decoder = Mlp([n_digits, *hidden, given.coefficients], "gelu", 0.0, use_conditioning)
        self.log_size = nn.Parameter(torch.zeros(given.coefficients))
        self.codebooks = HalvedCodebooks(given.half_sizes, given.members, given.candidates)
        self.told_powers = nn.Linear(n_digits, self.powers.bands)
        self.left = Mlp([n_digits, given.hidden, self.patch_size], "gelu", 0.0, use_conditioning)
        owner = torch.zeros(given.coefficients, dtype=torch.int64)
        for code, own in enumerate(given.members):
            owner[own] = code
        self.register_buffer("owner", owner, persistent=False)
        mixers = np.random.default_rng(7).integers(1 << 20, 1 << 30, len(self.codebook_sizes)) * 2 + 1
        self.register_buffer("mixers", torch.from_numpy(mixers), persistent=False)

    def features(self, h: Tensor, z: Tensor) -> Tensor:
        """Log energies (B, F) for the encoder network, of samples over the gain (B, N) and coefficients (B, n)."""
        return torch.cat([torch.log(torch.matmul(z * z, self.bands) + self.floor), self.powers(h)], dim=1)

    def latents(self, features: Tensor, rate_hz: Tensor) -> Tensor:
        """The envelope (B, E) before it is rounded."""
        latents: Tensor = self.encoder((features - self.feature_mean) / self.feature_size, rate_hz)
        return latents

    def envelope(self, features: Tensor, rate_hz: Tensor) -> Tensor:
        """FSQ values (B, E) of the envelope."""
        values: Tensor = self.quantizer(self.latents(features, rate_hz))
        return values

    def sizes(self, envelope: Tensor, rate_hz: Tensor) -> Tensor:
        """Expected sizes (B, n) of coefficients over the gain, of FSQ values (B, E)."""
        log_size = self.log_size + self.decoder(envelope, rate_hz)
        return torch.exp(log_size.clamp(self.lowest_log, self.highest_log))

    def left_open(self, envelope: Tensor, rate_hz: Tensor) -> Tensor:
        """Sizes (B, N) of what all codes together leave open of each coefficient over the gain."""
        return torch.exp(self.left(envelope, rate_hz).clamp(self.lowest_log, self.highest_log))

    def analyse(self, patches: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The gain's digit (B, 1), coefficients over the gain (B, n), and features (B, F) of patches (B, N) uV."""
        x_uv = torch.nan_to_num(patches).clamp(-self.limit_uv, self.limit_uv)
        digit = self.gain.digits(x_uv)
        h = self.gain(x_uv, digit)
        z = torch.matmul(h, self.analysis)
        return digit, z, self.features(h, z)

    def forward(self, patches: Tensor, rate_hz: Tensor) -> Tensor:
        """Reconstruction (B, N) uV of patches (B, N) uV; differentiable in networks and codebooks, codes held fixed."""
        digit, z, features = self.analyse(patches)
        size = self.sizes(self.envelope(features, rate_hz), rate_hz)
        first, second = self.codebooks.search(z.detach(), size.detach())
        known = torch.ones(first.shape, device=z.device)
        return self._synthesise(digit, self._widened(size * self.codebooks(first, second, known, self.coefficients)))

    def penalty(self, patches: Tensor, reconstructed: Tensor, rate_hz: Tensor) -> Tensor:
        """What training minimises beside the error of the reconstruction (B, N) of patches (B, N) uV."""
        digit, _, features = self.analyse(patches)
        latents = self.latents(features, rate_hz)
        return self.power_weight * self.untold(features, latents) + _LEFT_WEIGHT * self._misjudged(
            self.gain(patches - reconstructed.detach(), digit), self.quantizer(latents).detach(), rate_hz
        )

    def untold(self, features: Tensor, latents: Tensor) -> Tensor:
        """Mean squared error of log band powers that a linear map tells of the envelope's digits, and their disuse."""
        wanted = features[:, -self.powers.bands :]
        error: Tensor = (self.told_powers(self.quantizer(latents)) - wanted).square().mean()
        return error + _EVEN_WEIGHT * unevenness(torch.tanh(latents))

    def _misjudged(self, error: Tensor, envelope: Tensor, rate_hz: Tensor) -> Tensor:
        """Mean negative log likelihood of an error over the gain (B, N) under what is said to be left open."""
        energy = torch.matmul(error, self.synthesis.t()).square() + _LEAST_ENERGY
        log_size = self.left(envelope, rate_hz)
        unlikelihood: Tensor = (log_size + 0.5 * energy * torch.exp(-2 * log_size)).mean()
        return unlikelihood

    @torch.jit.export
    def encode(self, patches: Tensor, rate_hz: Tensor) -> Tensor:
        """Codes (B, G) int32 of patches (B, N) uV at rates (B, 1)."""
        digit, z, features = self.analyse(patches)
        envelope = self.envelope(features, rate_hz)
        first, second = self.codebooks.search(z, self.sizes(envelope, rate_hz))
        digits = torch.cat([digit, self.quantizer.digits(envelope)], dim=1)
        rough = self.radix(digits[:, : 1 + self.rough_digits]).unsqueeze(1)
        detail = self.detail_radix(digits[:, 1 + self.rough_digits :]).unsqueeze(1)
        return torch.cat([rough, detail, self.codebooks.codes_of(first, second).to(torch.int32)], dim=1)

    @torch.jit.export
    def decode(self, codes: Tensor, rate_hz: Tensor) -> Tensor:
        """Patches (B, N) uV of codes (B, G) int32; a code of -1 and all after it are unknown."""
        digit, envelope, known = self._told(codes)
        return self._synthesise(digit, self._widened(self._coefficients(codes, envelope, known, rate_hz)))

    @torch.jit.export
    def decode_spectrum(self, codes: Tensor, rate_hz: Tensor) -> Tensor:
        """As `decode`, with noise of the size that the codes leave open; its signs are hashed from the codes."""
        digit, envelope, known = self._told(codes)
        left = self.left_open(envelope, rate_hz)
        lowest = left[:, : self.coefficients]
        whole = self.sizes(envelope, rate_hz).square() * self.codebooks.power(self.coefficients) + lowest.square()
        is_known = known[:, 2:].index_select(1, self.owner) > 0
        left = torch.cat([torch.where(is_known, lowest, torch.sqrt(whole)), left[:, self.coefficients :]], 1)
        noise = left * known[:, :1] * hashed_signs(codes.to(torch.int64), self.mixers, self.patch_size)
        return self._synthesise(digit, noise + self._widened(self._coefficients(codes, envelope, known, rate_hz)))

    def _told(self, codes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The gain's digit (B, 1), FSQ values (B, E), and which codes (B, G) are known; an unknown digit is 0."""
        known = torch.cumprod((codes >= 0).to(torch.float32), dim=1)
        told = codes.clamp_min(0)
        digits = self.radix.split(told[:, 0])
        envelope = self.quantizer.values(torch.cat([digits[:, 1:], self.detail_radix.split(told[:, 1])], dim=1))
        rough, detail = envelope[:, : self.rough_digits], envelope[:, self.rough_digits :]
        return digits[:, :1], torch.cat([rough * known[:, :1], detail * known[:, 1:2]], dim=1), known

    def _coefficients(self, codes: Tensor, envelope: Tensor, known: Tensor, rate_hz: Tensor) -> Tensor:
        """Coefficients over the gain (B, n) of codes (B, G)."""
        first, second = self.codebooks.halves_of(codes[:, 2:].clamp_min(0))
        value: Tensor = self.codebooks(first, second, known[:, 2:].t(), self.coefficients)
        return self.sizes(envelope, rate_hz) * value

    def _widened(self, z: Tensor) -> Tensor:
        """Coefficients (B, N), those that are not coded being 0, of those that are (B, n)."""
        return torch.nn.functional.pad(z, [0, self.patch_size - self.coefficients])

    def _synthesise(self, digit: Tensor, z: Tensor) -> Tensor:
        """Patches (B, N) uV of the gain's digit (B, 1) and coefficients over the gain (B, N)."""
        patches: Tensor = self.gain.expand(torch.matmul(z, self.synthesis), digit)
        return patches


def unevenness(values: Tensor) -> Tensor:
    """How far values (B, E) in -1..1 are from even and uncorrelated digits; 0 if they are."""
    n_digits = values.shape[1]
    square = torch.matmul(values.t(), values) / values.shape[0] - torch.eye(n_digits, device=values.device) / 3
    uneven: Tensor = values.mean(0).square().mean() + 3 * square.square().sum() / n_digits
    return uneven


def _bands(coefficients: int, patch_size: int) -> Tensor:
    """Matrix (n, bands) that averages coefficients over bands."""
    scaled = {round(edge * patch_size / 256) for edge in _EDGES}
    edges = [*sorted(edge for edge in scaled if edge < coefficients), coefficients]
    bands = torch.zeros(coefficients, len(edges) - 1)
    for band in range(len(edges) - 1):
        low, high = edges[band], edges[band + 1]
        bands[low:high, band] = 1 / (high - low)
    return bands
