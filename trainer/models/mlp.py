"""The MLP autoencoder: patches in microvolts to codes, and back.

B patches, N samples in a patch, G codes of a patch, Z latent dimensions, A digits of the amplitude.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from trainer.models.activations import activation
from trainer.models.amplitude import LIMIT_UV, Compression, LogGain
from trainer.models.film import FiLM
from trainer.models.fsq import FSQ, MixedRadix
from trainer.models.spectrum import Samples, WhitenedCosines


class HiddenLayer(nn.Module):
    """Linear, FiLM where wanted, activation, dropout."""

    def __init__(self, n_in: int, n_out: int, kind: str, dropout: float, film: bool) -> None:
        super().__init__()
        self.linear = nn.Linear(n_in, n_out)
        self.film = FiLM(n_out) if film else None
        self.activation = activation(kind, n_out)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, rate_hz: Tensor) -> Tensor:
        """Features (B, n_out) of features (B, n_in) at rates (B, 1)."""
        h = self.linear(x)
        if self.film is not None:
            h = self.film(h, rate_hz)
        result: Tensor = self.dropout(self.activation(h))
        return result


class Mlp(nn.Module):
    """Hidden layers of the widths between the first and the last, then a linear one."""

    def __init__(self, widths: Sequence[int], kind: str, dropout: float, film: bool) -> None:
        super().__init__()
        self.layers = nn.ModuleList([HiddenLayer(a, b, kind, dropout, film) for a, b in pairwise(widths[:-1])])
        self.output = nn.Linear(widths[-2], widths[-1])

    def forward(self, x: Tensor, rate_hz: Tensor) -> Tensor:
        """Features (B, last) of features (B, first) at rates (B, 1)."""
        for layer in self.layers:
            x = layer(x, rate_hz)
        result: Tensor = self.output(x)
        return result


class MlpAutoencoder(nn.Module):
    """MLP encoder, FSQ in `groups` codes of the same `levels`, mirrored MLP decoder.

    With `gain_digits`, the first so many digits of the first code hold the patch's gain on a logarithmic grid; the
    network then sees the patch divided by that very gain, so that its rounding costs nothing. Without, the input is
    compressed by a fixed curve. Either way the codes are all that the decoder gets.

    With `cosines`, the network works on so many whitened cosine coefficients in place of the samples.

    Raises:
        ValueError: settings that cannot be built.
    """

    def __init__(  # noqa: PLR0913, PLR0917  (these are the model's settings, one by one as configs/model names them)
        self,
        patch_size: int,
        hidden_dims: Sequence[int],
        levels: Sequence[int],
        groups: int,
        dropout: float = 0.0,
        activation: str = "relu",
        use_conditioning: bool = False,
        gain_digits: int = 0,
        gain_range_uv: tuple[float, float] = (0.25, 1000.0),
        unit_uv: float = 10.0,
        cosines: int = 0,
    ) -> None:
        super().__init__()
        if not 1 <= groups <= 32:
            raise ValueError(f"groups is {groups}, expected 1 to 32")
        if not hidden_dims:
            raise ValueError("hidden_dims is empty, expected at least one width")
        if not 0 <= gain_digits <= len(levels) or groups * len(levels) == gain_digits:
            raise ValueError(
                f"gain_digits is {gain_digits}, expected 0 to {len(levels)}, and digits left for the shape"
            )
        if not 0 <= cosines <= patch_size:
            raise ValueError(f"cosines is {cosines}, expected 0 to {patch_size}")
        self.patch_size = patch_size
        self.limit_uv = LIMIT_UV
        self.groups = groups
        self.gain_digits = gain_digits
        self.radix = MixedRadix(levels)
        self.words = [self.radix.size] * groups
        """Number of values of each code."""
        self.amplitude = LogGain(levels[:gain_digits], *gain_range_uv) if gain_digits else Compression(unit_uv)
        self.basis = WhitenedCosines(patch_size, cosines) if cosines else Samples()
        shape_levels = (list(levels) * groups)[gain_digits:]
        self.quantizer = FSQ(shape_levels)
        widths = [cosines or patch_size, *hidden_dims, len(shape_levels)]
        self.encoder = Mlp(widths, activation, dropout, use_conditioning)
        self.decoder = Mlp(widths[::-1], activation, dropout, use_conditioning)

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
        h = self.basis.invert(self.decoder(values, rate_hz))
        patches: Tensor = self.amplitude.expand(h, amplitude)
        return patches
