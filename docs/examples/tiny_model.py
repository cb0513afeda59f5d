"""A tiny causal language model of EEG tokens, for `language_model.py` and `listen.py`.

B rows, P patches of a context, G codes of a patch, S parts of a patch, L = P S parts of a context.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from eegstream.codec.meanings import CodeMeaning
from eegstream.vocabularies import Vocabulary

MOST = 256
"""Largest number of values of a part, so that every table is small."""
_WIDTH, _HEADS, _LAYERS, _DROPOUT = 64, 4, 2, 0.2


@dataclass(frozen=True)
class Parts:
    """How the value of each code is split into parts: digits of its grid if it has one, else bytes."""

    radices: tuple[tuple[int, ...], ...]
    """(G,) numbers of values of each code's parts, the least significant one first."""

    @classmethod
    def of(cls, words: Vocabulary) -> "Parts":
        """The parts of a bundle's codes."""
        return cls(tuple(_radices(meaning) for meaning in words.meanings))

    @property
    def sizes(self) -> list[int]:
        """Numbers of values (S,) of all parts of a patch."""
        return [radix for own in self.radices for radix in own]

    @property
    def code_of(self) -> NDArray[np.int64]:
        """(S,) number of the code that a part belongs to."""
        return np.repeat(np.arange(len(self.radices)), [len(own) for own in self.radices])

    def split(self, codes: NDArray[np.integer]) -> NDArray[np.int64]:
        """Parts (..., S) of codes (..., G)."""
        given = codes.astype(np.int64)
        columns = [
            given[..., g] // math.prod(own[:place]) % radix
            for g, own in enumerate(self.radices)
            for place, radix in enumerate(own)
        ]
        return np.stack(columns, axis=-1)

    def join(self, parts: NDArray[np.integer]) -> NDArray[np.int64]:
        """Codes (..., G) of parts (..., S)."""
        weights = np.array([math.prod(own[:place]) for own in self.radices for place in range(len(own))])
        firsts = np.cumsum([0, *(len(own) for own in self.radices[:-1])])
        return np.add.reduceat(parts.astype(np.int64) * weights, firsts, axis=-1)


def _radices(meaning: CodeMeaning) -> tuple[int, ...]:
    if not meaning.levels:
        return (meaning.size,) if meaning.size <= MOST else (MOST, -(-meaning.size // MOST))
    found = [1]
    for level in meaning.levels:
        if found[-1] * level > MOST:
            found.append(1)
        found[-1] *= level
    return tuple(found)


class TinyModel(nn.Module):
    """Tells every part of a context from the parts before it.

    `sizes` (S,) are the numbers of values of the parts of a patch, `patches` is P.
    """

    first: Tensor

    def __init__(self, sizes: Sequence[int], patches: int) -> None:
        super().__init__()
        self.sizes, self.patches = list(sizes), patches
        starts = torch.tensor([0, *self.sizes[:-1]]).cumsum(0)
        self.register_buffer("first", starts.repeat(patches), persistent=False)
        self.embedding = nn.Embedding(sum(sizes), _WIDTH)
        self.start = nn.Parameter(torch.zeros(_WIDTH))
        self.when = nn.Parameter(0.02 * torch.randn(patches, 1, _WIDTH))
        self.which = nn.Parameter(0.02 * torch.randn(len(sizes), _WIDTH))
        layer = nn.TransformerEncoderLayer(
            _WIDTH, _HEADS, 4 * _WIDTH, _DROPOUT, activation="gelu", batch_first=True, norm_first=True
        )
        self.blocks = nn.TransformerEncoder(layer, _LAYERS, norm=nn.LayerNorm(_WIDTH), enable_nested_tensor=False)
        self.heads = nn.ModuleList(nn.Linear(_WIDTH, size) for size in sizes)

    def begin_with(self, chances: Sequence[NDArray[np.float64]]) -> None:
        """Tell these chances (W,) of each part's values at first, whatever came before."""
        for head, own in zip(self.heads, chances, strict=True):
            nn.init.zeros_(head.weight)
            head.bias.data = torch.from_numpy(np.log(own)).float()

    def hidden(self, parts: Tensor) -> Tensor:
        """States (B, l + 1, width) from which each of l < L parts (B, l) is told, and the next one."""
        length = parts.shape[1] + 1
        embedded = self.embedding(parts + self.first[: length - 1])
        inputs = torch.cat([self.start.expand(len(parts), 1, -1), embedded], dim=1)
        inputs = inputs + (self.when + self.which).flatten(0, 1)[:length]
        told: Tensor = self.blocks(inputs, mask=nn.Transformer.generate_square_subsequent_mask(length), is_causal=True)
        return told

    def bits(self, parts: Tensor) -> Tensor:
        """Bits (B, l) that each of l <= L parts (B, l) needs, given those before it."""
        states, count = self.hidden(parts[:, :-1]), len(self.sizes)
        bits = torch.zeros(parts.shape)
        for number, head in enumerate(self.heads):
            logits = head(states[:, number::count]).transpose(1, 2)
            nats = nn.functional.cross_entropy(logits, parts[:, number::count], reduction="none")
            bits[:, number::count] = nats / math.log(2)
        return bits

    @torch.inference_mode()
    def continued(self, parts: Tensor, generator: torch.Generator) -> Tensor:
        """A whole context (B, L) that begins with parts (B, l); the others are drawn one by one."""
        self.eval()
        while parts.shape[1] < len(self.first):
            head = self.heads[parts.shape[1] % len(self.sizes)]
            chances = head(self.hidden(parts)[:, -1]).softmax(dim=1)
            parts = torch.cat([parts, torch.multinomial(chances, 1, generator=generator)], dim=1)
        return parts
