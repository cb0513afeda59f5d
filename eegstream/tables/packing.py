"""Pack sequences of tokens into windows of one length.

T tokens of a window.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegstream.tables.sequences import TokenSequence, joined, special
from eegstream.token_rows import GAP, PADDING


@dataclass(frozen=True)
class Window:
    """Consecutive tokens, of one sequence or of several."""

    content: TokenSequence
    sequence: NDArray[np.int64]
    """(T,) number of each token's sequence, from 0 in each window; -1 for padding."""


def windows(sequences: Iterable[TokenSequence], length: int) -> Iterator[Window]:
    """Cut sequences, one after the other with a gap token between them, into windows of `length` tokens.

    Nothing is left out or repeated; padding follows the last token of all.
    """
    waiting: list[tuple[int, TokenSequence]] = []
    held = 0
    for number, sequence in enumerate(sequences):
        given = sequence if number == 0 else joined([special(GAP), sequence])
        start = 0
        while len(given) - start >= length - held:
            stop = start + length - held
            yield _window([*waiting, (number, given.part(start, stop))])
            waiting, held, start = [], 0, stop
        if start < len(given):
            waiting.append((number, given.part(start, len(given))))
            held += len(given) - start
    if held:
        yield _window([*waiting, (-1, special(PADDING, length - held))])


def _window(parts: list[tuple[int, TokenSequence]]) -> Window:
    first = parts[0][0]
    numbers = [np.full(len(part), number - first if number >= 0 else -1, np.int64) for number, part in parts]
    return Window(joined([part for _, part in parts]), np.concatenate(numbers))
