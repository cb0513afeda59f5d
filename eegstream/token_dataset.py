"""Iterate the tokens of a data set for training, as PyTorch's DataLoader takes them.

T tokens of an item.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
import torch.distributed
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from eegstream.errors import ConfigError
from eegstream.tables.packing import Window, windows
from eegstream.tables.recordings import Contents, Placed, RowReader, contents_of, share, shuffled
from eegstream.tables.sequences import Layout, TokenSequence, Writing, sequences
from eegstream.token_rows import SPECIAL, offsets_of

Item = dict[str, Tensor]

_SHUFFLED_ITEMS = 1024
"""Items among which one is drawn."""


class TokenDataset(IterableDataset[Item]):
    """Items of `context` tokens each; see `dataset`."""

    def __init__(
        self,
        contents: Contents,
        writing: Writing,
        context: int,
        shuffle: int | None,
        share_of: tuple[int, int],
    ) -> None:
        super().__init__()
        self._contents, self._writing, self._context = contents, writing, context
        self._shuffle, self._share_of = shuffle, share_of
        self._epoch = 0

    @property
    def size(self) -> int:
        """Number of different tokens."""
        return len(SPECIAL) + sum(self._contents.facts.words)

    @property
    def words(self) -> tuple[int, ...]:
        """(G,) number of values of each code."""
        return self._contents.facts.words

    @property
    def channels(self) -> tuple[str, ...]:
        """Labels that the numbers in `channel` mean."""
        return self._contents.channels

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels that the numbers in `event` mean."""
        return self._contents.labels

    def set_epoch(self, epoch: int) -> None:
        """Choose another order for the next pass, if there is shuffling."""
        self._epoch = epoch

    def __iter__(self) -> Iterator[Item]:
        worker = get_worker_info()
        number, workers = (0, 1) if worker is None else (worker.id, worker.num_workers)
        rank, ranks = self._share_of
        order = list(self._contents.recordings)
        rng = None if self._shuffle is None else np.random.default_rng([self._shuffle, self._epoch])
        if rng is not None:
            order = shuffled(order, rng)
        own = share(order, rank * workers + number, ranks * workers)
        items = map(_item, windows(self._sequences(own), self._context))
        return items if rng is None else _shuffled(items, np.random.default_rng([*rng.integers(2**31, size=2), number]))

    def _sequences(self, recordings: Iterable[Placed]) -> Iterator[TokenSequence]:
        reader = RowReader()
        for recording in recordings:
            yield from sequences(reader.rows(recording), self._writing)


def dataset(
    path: str | Path,
    split: str | None = "train",
    *,
    context: int = 1024,
    layout: Layout = "channel",
    separator: bool = False,
    shuffle: int | None = None,
    share_of: tuple[int, int] | None = None,
) -> TokenDataset:
    """The tokens of a data set, a table, or a folder of tables, in items of `context` tokens.

    An item is a map of tensors (T,): `tokens` by the bundle's vocabulary; `position` in the patch; `channel`; `t`, the
    patch's second in its recording; `flags`; `mask`, whether the token is a code without flag; `event`, the event that
    begins in the patch or lasts over it; `sequence`, which changes where another channel or recording begins. -1 and
    NaN stand for nothing. What `channel` and `event` mean, say `channels` and `labels`, which all splits share.

    A sequence is a channel of a recording, or with layout "interleaved" a recording, patch by patch all channels.
    Sequences follow each other with a gap token between them; so do segments. Nothing is repeated or left out; the last
    item is padded.

    Workers of a DataLoader and processes of torch.distributed each get whole recordings of their own, of about as many
    patches; so they may have different numbers of items. `share_of` is (rank, world size), if torch.distributed does
    not say it. `shuffle` is a seed: recordings
    come in a random order, and items in a random order of about a thousand; `set_epoch` changes it.

    Raises:
        CodesFileError: there is no table, one cannot be read, or they do not belong together.
        ConfigError: `context` or `layout` is none, or the rank is not below the world size.
    """
    if context < 1 or layout not in {"channel", "interleaved"}:
        raise ConfigError(
            f"context {context} and layout {layout!r} were given, expected 1 or more, and channel or interleaved",
            "Correct them",
        )
    contents = contents_of(Path(path), split)
    writing = Writing(offsets_of(contents.facts.words), contents.channels, contents.labels, layout, separator)
    return TokenDataset(contents, writing, context, shuffle, _share_of(share_of))


def _share_of(given: tuple[int, int] | None) -> tuple[int, int]:
    if given is None and torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    own, ranks = given or (0, 1)
    if not 0 <= own < ranks:
        raise ConfigError(f"rank {own} of {ranks} was given, expected 0 to {ranks - 1}", "Give (rank, world size)")
    return own, ranks


def _item(window: Window) -> Item:
    content = window.content
    is_code = content.position >= 0
    return {
        "tokens": torch.from_numpy(content.tokens),
        "position": torch.from_numpy(content.position),
        "channel": torch.from_numpy(content.channel),
        "t": torch.from_numpy(content.t),
        "flags": torch.from_numpy(content.flags),
        "mask": torch.from_numpy(is_code & (content.flags == 0)),
        "event": torch.from_numpy(content.event),
        "sequence": torch.from_numpy(window.sequence),
    }


def _shuffled(items: Iterable[Item], rng: np.random.Generator) -> Iterator[Item]:
    """The items in a random order, of which so many are kept at a time."""
    kept: list[Item] = []
    for item in items:
        kept.append(item)
        if len(kept) >= _SHUFFLED_ITEMS:
            place = int(rng.integers(len(kept)))
            kept[place], kept[-1] = kept[-1], kept[place]
            yield kept.pop()
    for place in rng.permutation(len(kept)):
        yield kept[place]
