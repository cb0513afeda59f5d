"""The parts that all autoencoders of patches share: amplitude, basis, FSQ, packing into codes, and their inverses.

B patches, N samples in a patch, G codes of a patch, Z latent dimensions, A digits of the amplitude.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from trainer.models.amplitude import LIMIT_UV, Compression, LogGain, require_range
from trainer.models.dct import Samples, WhitenedCosines
from trainer.models.fsq import MixedRadix, quantizer

FORMS = ("standard", "symmetric")


class CodeLayout:
    """All parts of an autoencoder but its two networks, from a model's settings.

    Raises:
        ValueError: settings that cannot be built.
    """

    def __init__(  # noqa: PLR0913, PLR0917  (a model's settings, one by one as configs/model names them)
        self,
        patch_size: int,
        levels: Sequence[int],
        groups: int,
        fsq: str = "standard",
        gain_digits: int = 0,
        gain_range_uv: tuple[float, float] = (0.25, 1000.0),
        unit_uv: float = 10.0,
        cosines: int = 0,
    ) -> None:
        if not 1 <= groups <= 32:
            raise ValueError(f"groups is {groups}, expected 1 to 32")
        if fsq not in FORMS:
            raise ValueError(f"fsq is {fsq!r}, expected {' or '.join(FORMS)}")
        if not levels:
            raise ValueError("levels is empty, expected at least one number")
        require_range(*gain_range_uv)
        if not 0 <= gain_digits <= len(levels) or groups * len(levels) == gain_digits:
            raise ValueError(
                f"gain_digits is {gain_digits}, expected 0 to {min(len(levels), groups * len(levels) - 1)}: some "
                "digits must be left for the shape"
            )
        if not 0 <= cosines <= patch_size:
            raise ValueError(f"cosines is {cosines}, expected 0 to {patch_size}")
        self.patch_size = patch_size
        self.groups = groups
        self.gain_digits = gain_digits
        self.radix = MixedRadix(levels)
        self.amplitude = LogGain(levels[:gain_digits], *gain_range_uv) if gain_digits else Compression(unit_uv)
        self.basis = WhitenedCosines(patch_size, cosines) if cosines else Samples()
        shape_levels = (list(levels) * groups)[gain_digits:]
        self.quantizer = quantizer(shape_levels, symmetric=fsq == "symmetric")
        self.about = (
            f"The first {gain_digits} digits of the first code are the patch's gain."
            if gain_digits
            else f"A fixed curve asinh(x / {unit_uv:g} µV) stands before the network; no gain is sent."
        )
        """What the codes mean, for people."""
        self.n_features = cosines or patch_size
        """Inputs of the encoder and outputs of the decoder."""
        self.n_latents = len(shape_levels)
        """Outputs of the encoder and inputs of the decoder."""


class Autoencoder(nn.Module):
    """An encoder network, FSQ in `groups` codes of the same levels, a decoder network.

    With gain digits, the first digits of the first code hold the patch's gain on a logarithmic grid. The network's
    input is the patch divided by the rounded gain, so that the rounding causes no error. Without them, the input is
    compressed by a fixed curve. In both cases the decoder gets nothing but the codes.

    With cosines, the networks work on this number of whitened cosine coefficients in place of the samples.

    `encoder` turns features (B, n_features) and rates (B, 1) into latents (B, n_latents), `decoder` turns them back.
    """

    def __init__(self, layout: CodeLayout, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.patch_size = layout.patch_size
        self.limit_uv = LIMIT_UV
        self.groups = layout.groups
        self.gain_digits = layout.gain_digits
        self.radix = layout.radix
        self.codebook_sizes = [self.radix.size] * self.groups
        """Number of values of each code."""
        self.prefix = False
        self.decodes = ["mse"]
        self.about = layout.about
        self.amplitude = layout.amplitude
        self.basis = layout.basis
        self.quantizer = layout.quantizer
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, patches: Tensor, rate_hz: Tensor) -> Tensor:
        """Reconstruction (B, N) uV of patches (B, N) uV at rates (B, 1); differentiable."""
        values, amplitude = self._quantise(patches, rate_hz)
        return self._reconstruct(values, amplitude, rate_hz)

    @torch.jit.export
    def encode(self, patches: Tensor, rate_hz: Tensor) -> Tensor:
        """Codes (B, G) int32 of patches (B, N) uV at rates (B, 1)."""
        values, amplitude = self._quantise(patches, rate_hz)
        digits = torch.cat([amplitude, self.quantizer.digits(values)], dim=1)
        codes: Tensor = self.radix(digits.reshape(digits.shape[0], self.groups, -1))
        return codes

    @torch.jit.export
    def decode(self, codes: Tensor, rate_hz: Tensor) -> Tensor:
        """Patches (B, N) uV of codes (B, G) int32 at rates (B, 1)."""
        digits = self.radix.split(codes).reshape(codes.shape[0], -1)
        amplitude, shape = digits[:, : self.gain_digits], digits[:, self.gain_digits :]
        return self._reconstruct(self.quantizer.values(shape), amplitude, rate_hz)

    def _quantise(self, patches: Tensor, rate_hz: Tensor) -> tuple[Tensor, Tensor]:
        """Quantised latents (B, Z) and digits of the amplitude (B, A) of patches (B, N) uV."""
        x_uv = torch.nan_to_num(patches).clamp(-self.limit_uv, self.limit_uv)
        amplitude = self.amplitude.digits(x_uv)
        latents = self.encoder(self.basis(self.amplitude(x_uv, amplitude)), rate_hz)
        return self.quantizer(latents), amplitude

    def _reconstruct(self, values: Tensor, amplitude: Tensor, rate_hz: Tensor) -> Tensor:
        """Patches (B, N) uV of quantised latents (B, Z) and digits of the amplitude (B, A)."""
        h = self.basis.invert(self.decoder(values, rate_hz)).float()
        patches: Tensor = self.amplitude.expand(h, amplitude)
        return patches
