"""Trellis-coded quantisation: a scalar quantiser whose levels depend on the bits before.

Marcellin, Fischer: Trellis Coded Quantization of Memoryless and Gauss-Markov Sources, 1990; codes of Ungerboeck, 1982.

At a rate of R bits there are 2^(R+1) levels, assigned in turn to four subsets. A register of the last bits allows one
subset for a 0 and another for a 1, so a symbol of R bits is one bit of the path and R - 1 bits that choose a level of
the subset. The encoder finds the best path (Viterbi); the decoder needs no search, since the register consists of the
received bits.

T steps, S states, W lanes (sequences quantised side by side), Q levels of a subset, B patches, P places of a patch.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

HIGHEST_RATE = 6
SUBSETS = 4
PER_SUBSET = 1 << (HIGHEST_RATE - 1)
"""Levels of a subset at the highest rate; lower rates use the first of them."""
_POLYNOMIALS = {16: (0o23, 0o4), 32: (0o45, 0o10), 64: (0o103, 0o24)}
"""Parity checks of the register by number of states. None uses the register's second-highest bit, which halves the
work of a step; the codes of 4 and 8 states use it."""
_CELLS_PER_UNIT, _HALF = 32, 256
CELLS = 2 * _HALF + 1
"""Cells between -8 and 8 in which the nearest level of each subset is looked up."""


class Trellis(nn.Module):
    """The quantiser of sequences with a rate of 1 to 6 bits for each step; steps with rate 0 at the end are padding.

    `levels` (4, 7, 32) are the normalised values of each subset, by rate.

    Raises:
        ValueError: a number of states for which there is no code.
    """

    levels: Tensor
    nearest: Tensor
    nearest_index: Tensor
    subset_of: Tensor
    branch_subset: Tensor
    path_value: Tensor
    level_mask: Tensor

    def __init__(self, states: int, levels: NDArray[np.floating]) -> None:
        super().__init__()
        if states not in _POLYNOMIALS:
            raise ValueError(f"states is {states}, expected {', '.join(map(str, _POLYNOMIALS))}")
        self.states = states
        self.memory = states.bit_length()
        """Bits in the register, the newest one included."""
        self.cells, self.reach, self.per_unit = CELLS, _HALF, float(_CELLS_PER_UNIT)
        self.rates = HIGHEST_RATE + 1
        self.per_subset = PER_SUBSET
        self.never = 1e9
        subset = _subsets(states)
        register = np.arange(2 * states)
        self.register_buffer("subset_of", torch.from_numpy(subset))
        self.register_buffer("branch_subset", torch.from_numpy(subset[(register & (states // 2)) == 0]))
        self.register_buffer("path_value", torch.tensor([0, *(1 << (rate - 1) for rate in range(1, self.rates))]))
        self.register_buffer("level_mask", torch.tensor([0, *((1 << (r - 1)) - 1 for r in range(1, self.rates))]))
        self.register_buffer("levels", torch.from_numpy(np.asarray(levels, np.float32)))
        nearest, index = _nearest(np.asarray(levels, np.float64))
        self.register_buffer("nearest", torch.from_numpy(nearest))
        self.register_buffer("nearest_index", torch.from_numpy(index))

    def cell(self, u: Tensor, middle: Tensor) -> Tensor:
        """Cells (T, W) int32 of the look-up tables for values u (T, W). `middle` is `middle_cell` of their rates."""
        place: Tensor = torch.round(u * self.per_unit).clamp_(-self.reach, self.reach).to(torch.int32)
        return place.add_(middle)

    def errors(self, u: Tensor, cell: Tensor, weight: Tensor) -> Tensor:
        """Error (4, T, W) that each subset adds, times `weight`, less the energy u^2 of the value itself."""
        steps, lanes = u.shape
        nearest = self.nearest.index_select(1, cell.view(-1)).view(4, steps, lanes)
        return (nearest - 2.0 * u).mul_(nearest).mul_(weight)

    def walk(self, errors: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The best path of every lane through errors (4, T, W): its error (W,), its last state (W,), and all choices.

        The choices (T, S, W) give, for every state, the better of its two predecessors.
        """
        states, quarter = self.states, self.states // 4
        steps, lanes = errors.shape[1], errors.shape[2]
        error = torch.full((states, lanes), self.never, device=errors.device)
        error[0] = 0.0
        branch = torch.empty((states, lanes), device=errors.device)
        both = torch.empty((2 * states, lanes), device=errors.device)
        choices = torch.empty((steps, states, lanes), dtype=torch.bool, device=errors.device)
        # By the register's bits: highest, second-highest (which no subset depends on), the middle ones, lowest.
        from_state = error.view(2, 2, quarter, 1, lanes)
        of_branch = branch.view(2, 1, quarter, 2, lanes)
        of_register = both.view(2, 2, quarter, 2, lanes)
        low, high = both[:states], both[states:]
        for step in range(steps):
            torch.index_select(errors[:, step], 0, self.branch_subset, out=branch)
            torch.add(from_state, of_branch, out=of_register)
            torch.lt(high, low, out=choices[step])
            torch.minimum(low, high, out=error)
        best, last = error.min(0)
        return best, last, choices

    def trace(self, choices: Tensor, last: Tensor, lanes: Tensor) -> tuple[Tensor, Tensor]:
        """Path bits and subsets (T, V) of the lanes (V,) that end in states `last` (V,)."""
        steps, states, width = choices.shape
        flat = choices.view(steps, states * width)
        state = last
        visited: list[Tensor] = [state]
        for back in range(steps):
            came_high = flat[steps - 1 - back].index_select(0, torch.add(lanes, state, alpha=width))
            state = torch.add(torch.bitwise_right_shift(state, 1), came_high, alpha=states // 2)
            visited.append(state)
        path = torch.stack(visited).flip(0)
        bit = torch.bitwise_and(path[1:], 1)
        return bit, self.subset_of[path[:-1] * 2 + bit]

    def level_in(self, subset: Tensor, cell: Tensor) -> Tensor:
        """Number of the level, within its subset, that is nearest."""
        return self.nearest_index.view(-1)[subset * (self.rates * self.cells) + cell].to(torch.int64)

    def symbols(self, bit: Tensor, level: Tensor, rate: Tensor) -> Tensor:
        """R-bit numbers of path bits and level numbers."""
        return bit * self.path_value[rate] + torch.bitwise_and(level, self.level_mask[rate])

    def value(self, symbol: Tensor, rate: Tensor) -> Tensor:
        """Normalised values (B, segments, T) of symbols and their rates (B, segments, T); each segment starts anew."""
        level = torch.bitwise_and(symbol, self.level_mask[rate])
        bit = (torch.bitwise_and(symbol, self.path_value[rate]) > 0).to(torch.int64)
        steps = bit.shape[2]
        register, past = bit, bit
        for age in range(1, self.memory):
            past = nn.functional.pad(past, (1, 0))[:, :, :steps]
            register = register + past * (1 << age)
        place = (self.subset_of[register] * self.rates + rate) * self.per_subset + level
        return self.levels.view(-1)[place]


def middle_cell(rate: NDArray[np.int64]) -> NDArray[np.int64]:
    """The cell of the value 0 at a rate."""
    return rate * CELLS + _HALF


def _subsets(states: int) -> NDArray[np.int64]:
    """Subset (2 S,) that each register allows."""
    first, second = _POLYNOMIALS[states]

    def parity(mask: int) -> NDArray[np.int64]:
        return np.array([(register & mask).bit_count() & 1 for register in range(2 * states)], np.int64)

    return 2 * parity(first) + parity(second)


def _nearest(levels: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Of each subset the level nearest to a cell's middle, and its number: (4, 7 * CELLS) each."""
    middle = (np.arange(CELLS) - _HALF) / _CELLS_PER_UNIT
    value = np.zeros((SUBSETS, (HIGHEST_RATE + 1) * CELLS), np.float32)
    index = np.zeros(value.shape, np.uint8)
    for rate in range(1, HIGHEST_RATE + 1):
        inside = slice(rate * CELLS, (rate + 1) * CELLS)
        for subset in range(SUBSETS):
            table = levels[subset, rate, : 1 << (rate - 1)]
            nearest = np.abs(middle[:, None] - table).argmin(axis=1)
            value[subset, inside], index[subset, inside] = table[nearest], nearest
    return value, index


def dealt(union: Sequence[NDArray[np.floating]]) -> NDArray[np.float32]:
    """Levels (4, 7, 32) of codebooks of rates 1 to 6, each with 2^(R+1) ascending levels, in turn to each subset."""
    levels = np.zeros((SUBSETS, HIGHEST_RATE + 1, PER_SUBSET), np.float32)
    for rate, book in enumerate(union, start=1):
        if len(book) != 1 << (rate + 1):
            raise ValueError(f"rate {rate} has {len(book)} levels, expected {1 << (rate + 1)}")
        for subset in range(SUBSETS):
            levels[subset, rate, : 1 << (rate - 1)] = book[subset::SUBSETS]
    return levels


def union_of(levels: NDArray[np.floating], rate: int) -> NDArray[np.float64]:
    """The codebook (2^(R+1),) of a rate, ascending."""
    return np.sort(levels[:, rate, : 1 << (rate - 1)].astype(np.float64).ravel())
