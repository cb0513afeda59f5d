"""A small causal language model of codes: a transformer over patches, and one over the digits of a patch.

B stretches, P patches of a stretch, O other channels, D digits of a patch, H width.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

OTHERS = 2
"""Channels whose patches the model may hear beside those of its own."""
_WIDTH, _HEADS, _LAYERS, _DROPOUT = 64, 4, 2, 0.1


class TokenModel(nn.Module):
    """Tells each digit of a patch from those before it, the patches before, and those of other channels up to now.

    `sizes` (D,) are the numbers of values of the digits.
    """

    first: Tensor

    def __init__(self, sizes: Sequence[int], patches: int) -> None:
        super().__init__()
        self.register_buffer("first", torch.tensor([0, *sizes[:-1]]).cumsum(0), persistent=False)
        self.embedding = nn.Embedding(sum(sizes), _WIDTH)
        nn.init.normal_(self.embedding.weight, std=0.1)
        self.nobody = nn.Parameter(torch.zeros(_WIDTH))
        self.start = nn.Parameter(torch.zeros(_WIDTH))
        self.from_own = nn.Linear(_WIDTH, _WIDTH)
        self.from_others = nn.Linear(OTHERS * _WIDTH, _WIDTH)
        self.when = nn.Parameter(0.02 * torch.randn(patches, _WIDTH))
        self.which = nn.Parameter(0.02 * torch.randn(len(sizes), _WIDTH))
        self.over_patches = _blocks()
        self.over_digits = _blocks()
        self.heads = nn.ModuleList(nn.Linear(_WIDTH, size) for size in sizes)

    def forward(self, own: Tensor, others: Tensor | None) -> Tensor:
        """Nats (B, P, D) of digits (B, P, D), given those of other channels (B, O, P, D) or None."""
        rows, patches, digits = own.shape
        embedded = self.embedding(own + self.first)
        heard = self._heard(embedded.sum(2), others)
        past = self.over_patches(heard, mask=_causal(patches), is_causal=True)
        inputs = torch.cat([past.unsqueeze(2), embedded[:, :, :-1]], dim=2).view(rows * patches, digits, _WIDTH)
        # Sums of the digits so far, so that one layer is enough to see all of them.
        inputs = inputs.cumsum(1) / torch.arange(1, digits + 1).sqrt()[:, None] + inputs + self.which
        told = self.over_digits(inputs, mask=_causal(digits), is_causal=True)
        wanted = own.reshape(rows * patches, digits)
        nats = [
            nn.functional.cross_entropy(head(told[:, d]), wanted[:, d], reduction="none")
            for d, head in enumerate(self.heads)
        ]
        return torch.stack(nats, dim=1).view(rows, patches, digits)

    def _heard(self, patch: Tensor, others: Tensor | None) -> Tensor:
        """Inputs (B, P, H) of each patch: the one before, and the others' of the same time."""
        before = torch.cat([self.start.expand(len(patch), 1, -1), self.from_own(patch[:, :-1])], dim=1)
        if others is None:
            return before + self.nobody + self.when
        beside = self.embedding(others + self.first).sum(3).transpose(1, 2).flatten(2)
        heard: Tensor = before + self.from_others(beside) + self.when
        return heard


def _blocks() -> nn.TransformerEncoder:
    layer = nn.TransformerEncoderLayer(
        _WIDTH, _HEADS, 4 * _WIDTH, _DROPOUT, activation="gelu", batch_first=True, norm_first=True
    )
    return nn.TransformerEncoder(layer, _LAYERS, norm=nn.LayerNorm(_WIDTH), enable_nested_tensor=False)


def _causal(size: int) -> Tensor:
    return nn.Transformer.generate_square_subsequent_mask(size)
