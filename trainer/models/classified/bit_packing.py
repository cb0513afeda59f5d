"""Pack the symbols of a class into words, the most important first, so that every bit of a word is used.

Then packing whole symbols costs no bits, and a prefix of the words holds the most important symbols.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Packed:
    """The place of the symbol of one coefficient."""

    coefficient: int
    rate: int
    """Bits of the symbol."""
    word: int
    shift: int
    """Bits below it in its word."""


def pack(
    rates: NDArray[np.integer], importance: NDArray[np.floating], word_bits: Sequence[int]
) -> tuple[list[Packed], int]:
    """Places of all coefficients with a rate, and the number of unused bits.

    Each word takes the most important coefficients that fill it exactly; if there are none, as many as fit. A
    coefficient that fits into no word is left out.
    """
    left = [int(k) for k in np.argsort(-importance, kind="stable") if rates[k] > 0]
    packed, lost = [], 0
    for word, room in enumerate(word_bits):
        chosen = _exact(left, rates, room)
        if chosen is None:
            chosen = _greedy(left, rates, room)
        shift = 0
        for coefficient in chosen:
            packed.append(Packed(coefficient, int(rates[coefficient]), word, shift))
            shift += int(rates[coefficient])
            left.remove(coefficient)
        lost += room - shift
    return packed, lost


def _exact(left: Sequence[int], rates: NDArray[np.integer], room: int) -> list[int] | None:
    """The first coefficients, in order, whose rates sum to `room`; None if there are none."""
    reachable = [{0}]
    """Possible sums of rates of the coefficients from each place on, in reverse order."""
    for k in reversed(left):
        rate = int(rates[k])
        reachable.append(reachable[-1] | {rate + s for s in reachable[-1] if rate + s <= room})
    reachable.reverse()
    if room not in reachable[0]:
        return None
    chosen = []
    for place, k in enumerate(left):
        rate = int(rates[k])
        if rate <= room and room - rate in reachable[place + 1]:
            chosen.append(k)
            room -= rate
    return chosen


def _greedy(left: Sequence[int], rates: NDArray[np.integer], room: int) -> list[int]:
    chosen = []
    for k in left:
        if rates[k] <= room:
            chosen.append(k)
            room -= int(rates[k])
    return chosen
