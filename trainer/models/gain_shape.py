"""An MLP autoencoder with one code for a patch: its gain, its sign, and the digits of its shape.

    patch, µV -> unit energy, cosines, positive sign -> encoder network -> neighbours on the grid, each decoded
              -> digits of the best one, gain of least error -> code
    code -> digits of the shape -> decoder network -> cosines -> unit energy -> gain and sign -> patch, µV

B patches, N samples in a patch, K cosine coefficients, D digits of the shape, L levels of one of them, C = 1 + D
candidates of a patch.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from trainer.models.amplitude import LIMIT_UV, require_range
from trainer.models.dct import WhitenedCosines
from trainer.models.fsq import MixedRadix, SymmetricFSQ
from trainer.models.mlp import Mlp

_SIGN_LEVELS = 2
_LEAST_UV = 1e-3
"""Patches quieter than this are taken for this loud, so that nothing is divided by zero."""
_LEAST = 1e-6
_SIGNED_BY = 16
"""The largest of so many first whitened coefficients has the patch's sign."""


class GainShapeAutoencoder(nn.Module):
    """One FSQ code (symmetric form) of gain, sign and shape, with FiLM on the rate in both networks.

    The networks see shapes of unit energy alone, so loudness does not matter to them. The sign makes the largest of the
    first whitened coefficients positive. A rounded latent is not always the best place on the grid: `encode` also tries
    those where one digit has its second-nearest level, and decodes all of them. The gain is the projection of the patch
    onto the decoded shape, rounded on a logarithmic grid.

    In training, the gradient of a digit is the slope of the error between its two nearest levels, in place of the
    decoder's derivative.

    Raises:
        ValueError: settings that cannot be built.
    """

    def __init__(  # noqa: PLR0913  (a model's settings, one by one as configs/model names them)
        self,
        patch_size: int,
        encoder_dims: Sequence[int],
        decoder_dims: Sequence[int],
        *,
        gain_levels: int,
        gain_range_uv: tuple[float, float],
        shape_levels: Sequence[int],
        cosines: int,
        activation: str = "gelu",
        use_conditioning: bool = True,
    ) -> None:
        super().__init__()
        require_range(*gain_range_uv)
        if not encoder_dims or not decoder_dims:
            raise ValueError("encoder_dims or decoder_dims is empty, expected at least one width each")
        if gain_levels < 2:
            raise ValueError(f"gain_levels is {gain_levels}, expected at least 2")
        if not 1 <= cosines <= patch_size:
            raise ValueError(f"cosines is {cosines}, expected 1 to {patch_size}")
        self.patch_size = patch_size
        self.limit_uv, self.least_uv, self.least = LIMIT_UV, _LEAST_UV, _LEAST
        self.radix = MixedRadix([gain_levels, _SIGN_LEVELS, *shape_levels])
        self.codebook_sizes = [self.radix.size]
        """Number of values of the code."""
        self.prefix = False
        self.decodes = ["mse"]
        self.about = (
            f"The code's least significant digit is the gain, one of {gain_levels}; then come the sign and the digits "
            f"of the shape, of {', '.join(map(str, shape_levels))} levels."
        )
        """What the code means, for people."""
        self.low_uv, self.gain_levels = gain_range_uv[0], gain_levels
        self.log_step = math.log(gain_range_uv[1] / gain_range_uv[0]) / (gain_levels - 1)
        self.signed_by = min(_SIGNED_BY, cosines)
        self.basis = WhitenedCosines(patch_size, cosines)
        self.quantizer = SymmetricFSQ(shape_levels)
        digits = len(shape_levels)
        self.encoder = Mlp([cosines, *encoder_dims, digits], activation, 0.0, use_conditioning)
        self.decoder = Mlp([digits, *decoder_dims, cosines], activation, 0.0, use_conditioning)

    def forward(self, patches: Tensor, rate_hz: Tensor) -> Tensor:
        """Reconstruction (B, N) uV of patches (B, N) uV at rates (B, 1).

        Differentiable in the decoder, the code held fixed. The encoder's gradient under a squared error is the slope of
        this error between a digit's two nearest levels.
        """
        x_uv, rms_uv, sign, z = self.analyse(patches)
        place = self.place(z, rate_hz)
        with torch.no_grad():
            digits, towards, errors = self.search(z, place.detach(), rate_hz)
            slope = (errors[:, 1:] - errors[:, :1]) * towards
        gain = self.gain_digit(rms_uv, errors)
        decoded_uv: Tensor = self.shape(digits, rate_hz) * self.gain_uv(gain) * sign
        # A step along `direction` by t changes the squared error by t times the patch's energy.
        residual = (decoded_uv - x_uv).detach()
        energy = x_uv.square().sum(1, keepdim=True)
        direction = residual * (energy / (2 * residual.square().sum(1, keepdim=True) + self.least))
        moved = (place * slope).sum(1, keepdim=True)
        return decoded_uv + direction * (moved - moved.detach())

    @torch.jit.export
    def encode(self, patches: Tensor, rate_hz: Tensor) -> Tensor:
        """Codes (B, 1) int32 of patches (B, N) uV at rates (B, 1)."""
        _, rms_uv, sign, z = self.analyse(patches)
        digits, _, errors = self.search(z, self.place(z, rate_hz), rate_hz)
        told = torch.cat([self.gain_digit(rms_uv, errors), (sign > 0).to(torch.int32), digits], dim=1)
        codes: Tensor = self.radix(told.unsqueeze(1))
        return codes

    @torch.jit.export
    def decode(self, codes: Tensor, rate_hz: Tensor) -> Tensor:
        """Patches (B, N) uV of codes (B, 1) int32 at rates (B, 1)."""
        digits = self.radix.split(codes).squeeze(1)
        sign = 2.0 * digits[:, 1:2].to(torch.float32) - 1.0
        decoded_uv: Tensor = self.shape(digits[:, 2:], rate_hz) * self.gain_uv(digits[:, :1]) * sign
        return decoded_uv

    def analyse(self, patches: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Parts of patches (B, N) uV.

        Returns the patches (B, N) uV within limits, their root mean squares (B, 1) uV and signs (B, 1), and the
        whitened coefficients (B, K) of the positive unit patch.
        """
        x_uv = torch.nan_to_num(patches).clamp(-self.limit_uv, self.limit_uv)
        rms_uv = x_uv.square().mean(dim=1, keepdim=True).sqrt().clamp_min(self.least_uv)
        z = self.basis(x_uv / rms_uv)
        largest = z[:, : self.signed_by].abs().argmax(dim=1, keepdim=True)
        sign = torch.where(z.gather(1, largest) < 0, -1.0, 1.0)
        return x_uv, rms_uv, sign, z * sign

    def place(self, z: Tensor, rate_hz: Tensor) -> Tensor:
        """Unrounded place (B, D) on the grid, 0..L-1, of whitened coefficients (B, K)."""
        place: Tensor = self.quantizer.place(self.encoder(z, rate_hz))
        return place

    def search(self, z: Tensor, place: Tensor, rate_hz: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The best candidate of coefficients (B, K) at unrounded places (B, D).

        Returns its digits (B, D) int32, the steps (B, D) from the nearest to the second-nearest level, and the relative
        errors (B, C) of all candidates: the nearest levels, then those where one digit has its second-nearest level.
        """
        nearest = torch.floor(place + 0.5)
        towards = torch.where((place >= nearest) & (nearest < self.quantizer.top), 1.0, -1.0)
        tried = torch.cat([nearest.unsqueeze(0), nearest.unsqueeze(0) + torch.diag_embed(towards).transpose(0, 1)])
        count, rows, digits = tried.shape[0], tried.shape[1], tried.shape[2]
        rates_hz = rate_hz.unsqueeze(0).expand(count, rows, 1).reshape(-1, 1)
        values = self.quantizer.values(tried.view(-1, digits).to(torch.int32))
        shapes = (self.decoder(values, rates_hz) * self.basis.size).view(count, rows, -1)
        across = (shapes * (z * self.basis.size)).sum(2).clamp_min(0.0)
        explained = across.square() / (shapes.square().sum(2) + self.least)
        errors = 1.0 - explained.t() / self.patch_size
        best = errors.argmin(1).view(1, -1, 1).expand(1, rows, digits)
        return tried.gather(0, best).squeeze(0).to(torch.int32), towards, errors

    def shape(self, digits: Tensor, rate_hz: Tensor) -> Tensor:
        """Decoded shapes (B, N), of unit root mean square, of digits (B, D)."""
        samples: Tensor = self.basis.invert(self.decoder(self.quantizer.values(digits), rate_hz)).float()
        return samples / torch.sqrt(samples.square().mean(dim=1, keepdim=True) + self.least)

    def gain_digit(self, rms_uv: Tensor, errors: Tensor) -> Tensor:
        """Digit (B, 1) int32 of the best gain, for root mean squares (B, 1) uV and relative errors (B, C).

        The best gain is the patch's projection onto the unit shape; what it explains is all but the error.
        """
        explained = (1.0 - errors.amin(dim=1, keepdim=True)).clamp(self.least, 1.0)
        step = torch.round(torch.log(rms_uv * torch.sqrt(explained) / self.low_uv) / self.log_step)
        return step.clamp(0, self.gain_levels - 1).to(torch.int32)

    def gain_uv(self, digit: Tensor) -> Tensor:
        """Gain (B, 1) of its digit (B, 1)."""
        return self.low_uv * torch.exp(digit.to(torch.float32) * self.log_step)
