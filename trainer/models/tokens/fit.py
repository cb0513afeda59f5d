"""A start for a tokens model: statistics, envelopes of greatest likelihood, and codebooks in the order of their digits.

M patches, N samples in a patch, n coefficients that are coded, H values of a half, P places of a group.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from eegstream.errors import ConfigError
from trainer.models.tokens.codec import TokenCodec
from trainer.models.tokens.grid_order import grid_order
from trainer.models.tokens.settings import DIGIT_LEVELS

_BATCH = 1024
_LEARNING_RATE = 0.003
_LEAST_POWER = 1e-3
"""Added to the power of each coefficient, so that no likelihood is infinite."""
_MODEL_RATE_HZ = 256.0


@dataclass(frozen=True)
class TokenFitter:
    """Prepares a `TokenCodec` for training; `model.fitter` of its recipe.

    Raises:
        ValueError: a number out of range.
    """

    patches: int = 60_000
    """Number of training patches to fit to."""
    envelope_steps: int = 600
    """Gradient steps on the likelihood of coefficients under the envelope."""
    codebook_steps: int = 300
    """Gradient steps on codebooks and envelope together, before the codebooks are put in order."""

    def __post_init__(self) -> None:
        if min(self.patches, self.envelope_steps, self.codebook_steps) < 1:
            raise ValueError(
                f"patches, envelope_steps and codebook_steps are {self.patches}, {self.envelope_steps} and "
                f"{self.codebook_steps}, expected 1 or more"
            )

    def __call__(
        self, network: nn.Module, patches_uv: NDArray[np.float32], seed: int, report: Callable[[str], None]
    ) -> None:
        """Fit to training patches (M, N)."""
        if not isinstance(network, TokenCodec):
            raise ConfigError(f"TokenFitter got a {type(network).__name__}, expected a TokenCodec", "Give model=tokens")
        patches = torch.from_numpy(patches_uv)
        _take_statistics(network, patches)
        report(f"fitting envelopes to {len(patches)} patches")
        _descend(network, _batches(patches, self.envelope_steps, seed), _unlikelihood)
        report("fitting codebooks")
        _descend(network, _batches(patches, self.codebook_steps, seed + 1), _relative_error)
        _put_in_order(network)


@torch.no_grad()
def _take_statistics(network: TokenCodec, patches: Tensor) -> None:
    _, z, features = network.analyse(patches)
    network.feature_mean.copy_(features.mean(0))
    network.feature_size.copy_(features.std(0).clamp_min(0.1))
    network.log_size.copy_(0.5 * torch.log(z.square().mean(0) + _LEAST_POWER))


def _batches(patches: Tensor, steps: int, seed: int) -> Iterator[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        yield patches[torch.randint(len(patches), (_BATCH,), generator=generator)]


def _descend(network: TokenCodec, batches: Iterator[Tensor], loss: Callable[[TokenCodec, Tensor], Tensor]) -> None:
    optimizer = torch.optim.Adam(network.parameters(), lr=_LEARNING_RATE)
    for batch in batches:
        optimizer.zero_grad()
        loss(network, batch).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
    optimizer.zero_grad(set_to_none=True)


def _rates(patches: Tensor) -> Tensor:
    return torch.full((len(patches), 1), _MODEL_RATE_HZ)


def _unlikelihood(network: TokenCodec, patches: Tensor) -> Tensor:
    """Mean negative log likelihood of independent Gaussian coefficients of the expected sizes, and what is not told."""
    rates_hz = _rates(patches)
    _, z, features = network.analyse(patches)
    latents = network.latents(features, rates_hz)
    size = network.sizes(network.quantizer(latents), rates_hz)
    unlikelihood = (torch.log(size) + 0.5 * (z.square() + _LEAST_POWER) / size.square()).mean()
    return unlikelihood + network.power_weight * network.untold(features, latents)


def _relative_error(network: TokenCodec, patches: Tensor) -> Tensor:
    reconstructed: Tensor = network(patches, _rates(patches))
    relative = (reconstructed - patches).square().sum(1) / (patches.square().sum(1) + patches.shape[1])
    return relative.mean() + network.penalty(patches, reconstructed, _rates(patches))


@torch.no_grad()
def _put_in_order(network: TokenCodec) -> None:
    """Number the values of each half so that those one step of a digit apart are alike."""
    books = network.codebooks
    for table in (books.first, books.second):
        for code, size in enumerate(books.sizes.view(-1).tolist()):
            digits = (size.bit_length() - 1) // (DIGIT_LEVELS.bit_length() - 1)
            order = grid_order(table[code, :size].numpy(), [DIGIT_LEVELS] * digits)
            table[code, :size] = table[code, torch.from_numpy(order)]
