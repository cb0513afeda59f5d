"""The trellis: the encoder's search against all paths, the decoder without a search."""

import itertools

import numpy as np
import pytest
import torch

from eegstream.codec import torchscript
from trainer.models.classified.trellis import HIGHEST_RATE, Trellis, dealt, middle_cell, union_of
from trainer.quantisation.lloyd_max import lloyd_max

STATES = [16, 32, 64]
NORMAL = np.sort(np.random.default_rng(0).standard_normal(20_000))
BOOKS = [
    np.array([-1.19, -0.37, 0.37, 1.19]),
    *(lloyd_max(NORMAL, 1 << (rate + 1)) for rate in range(2, HIGHEST_RATE + 1)),
]
LEVELS = dealt(BOOKS)


class Quantiser(torch.nn.Module):
    """Everything that the encoder and then the decoder do with values, rates and weights (T, W)."""

    def __init__(self, states, levels=LEVELS):
        super().__init__()
        self.trellis = Trellis(states, levels)

    def forward(
        self, u: torch.Tensor, rate: torch.Tensor, middle: torch.Tensor, weight: torch.Tensor, segments: int
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        steps, lanes = u.shape
        cell = self.trellis.cell(u, middle)
        error, last, choices = self.trellis.walk(self.trellis.errors(u, cell, weight))
        bit, subset = self.trellis.trace(choices, last, torch.arange(lanes))
        level = self.trellis.level_in(subset, cell)
        symbol = self.trellis.symbols(bit, level, rate)
        # Lanes are the segments of a patch, one after the other.
        symbols = symbol.t().reshape(-1, segments, steps)
        value = self.trellis.value(symbols, rate.t().reshape(-1, segments, steps))
        chosen = self.trellis.levels[subset, rate, level]
        return error, symbol, chosen, value.reshape(lanes, steps).t()


def quantised(quantiser, u, rate, weight=None, segments=1):
    middle = torch.from_numpy(middle_cell(rate.numpy())).to(torch.int32)
    return quantiser(u, rate, middle, torch.ones_like(u) if weight is None else weight, segments)


def padded_rates(steps, lanes, seed):
    """Random rates (T, W) from 1 to 6, and from a random place on 0."""
    generator = torch.Generator().manual_seed(seed)
    rate = torch.randint(1, HIGHEST_RATE + 1, (steps, lanes), generator=generator)
    length = torch.randint(0, steps + 1, (lanes,), generator=generator)
    return rate * (torch.arange(steps)[:, None] < length)


def normal(steps, lanes, seed=1):
    return torch.randn(steps, lanes, generator=torch.Generator().manual_seed(seed)) * 1.5


@pytest.mark.parametrize("segments", [1, 3])
@pytest.mark.parametrize("states", STATES)
def test_the_decoder_needs_no_search(states, segments):
    """The symbols alone give back the levels of the encoder's path; the path's error is theirs."""
    u, rate = normal(24, 60), padded_rates(24, 60, seed=2)
    weight = torch.rand(24, 60, generator=torch.Generator().manual_seed(3)) * 4
    error, symbol, chosen, value = quantised(Quantiser(states), u, rate, weight, segments)
    assert ((symbol >= 0) & (symbol < 1 << rate)).all()
    assert torch.equal(value, chosen)
    torch.testing.assert_close(error, ((value - u).square() - u.square()).mul(weight).sum(0), rtol=1e-4, atol=1e-3)


def least_error(trellis, u, rate, weight):
    """Least error of all 2^T paths for values (T,), their nearest levels found by trying each."""
    steps = len(u)
    bits = np.array(list(itertools.product([0, 1], repeat=steps)))
    subset_of, levels = trellis.subset_of.numpy(), trellis.levels.numpy().astype(np.float64)
    total, register = np.zeros(len(bits)), np.zeros(len(bits), np.int64)
    for step in range(steps):
        register = (register * 2 + bits[:, step]) % len(subset_of)
        table = levels[:, rate[step], : 1 << max(rate[step] - 1, 0)]
        of_subset = ((table - u[step]) ** 2).min(axis=1) * weight[step]
        total += of_subset[subset_of[register]]
    return total.min()


@pytest.mark.parametrize("states", STATES)
@pytest.mark.parametrize("rate", [1, 2, 3, 4, 5, 6, None], ids=lambda rate: f"rate {rate or 'mixed'}")
def test_no_path_leaves_less_error_than_the_encoder_s(states, rate):
    """All 2^8 paths of eight steps are tried. Values lie in the middle of cells, where the nearest level is exact."""
    rng = np.random.default_rng(4)
    u = torch.from_numpy(np.clip(np.round(rng.normal(0, 1.5, (8, 6)) * 32), -250, 250) / 32).float()
    rates = torch.full((8, 6), rate) if rate else torch.from_numpy(rng.integers(0, 7, (8, 6)))
    weight = torch.from_numpy(rng.uniform(0.1, 3, (8, 6))).float()
    quantiser = Quantiser(states)
    error, *_ = quantised(quantiser, u, rates, weight)
    found = error.double() + (weight.double() * u.double().square()).sum(0)
    expected = [
        least_error(quantiser.trellis, u[:, lane].double().numpy(), rates[:, lane].numpy(), weight[:, lane].numpy())
        for lane in range(6)
    ]
    assert found.tolist() == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_rate_0_is_always_0():
    """Whatever its symbol says, and it changes nothing that comes before it."""
    trellis = Trellis(16, LEVELS)
    rate = padded_rates(24, 10, seed=5).t().reshape(5, 2, 24)
    generator = torch.Generator().manual_seed(6)
    symbol = torch.randint(0, 64, rate.shape, generator=generator) & ((1 << rate) - 1)
    other = torch.where(rate == 0, torch.randint(0, 64, rate.shape, generator=generator), symbol)
    assert not torch.equal(symbol, other)
    value = trellis.value(symbol, rate)
    assert (value[rate == 0] == 0).all()
    assert (value[rate > 0] != 0).all()
    assert torch.equal(trellis.value(other, rate), value)


def test_each_segment_starts_anew():
    """A segment's values are the same alone and behind another one."""
    trellis = Trellis(32, LEVELS)
    generator = torch.Generator().manual_seed(7)
    rate = torch.randint(1, 7, (4, 3, 20), generator=generator)
    symbol = torch.randint(0, 64, rate.shape, generator=generator) & ((1 << rate) - 1)
    together = trellis.value(symbol, rate)
    for segment in range(3):
        alone = trellis.value(symbol[:, segment : segment + 1], rate[:, segment : segment + 1])
        assert torch.equal(alone, together[:, segment : segment + 1])


@pytest.mark.parametrize("states", STATES)
def test_a_trellis_beats_the_best_scalar_quantiser(states):
    """At 2 bits on N(0, 1) four levels leave 0.1175 (Max, 1960), and no code of this rate less than 2^-4."""
    u = torch.randn(64, 300, generator=torch.Generator().manual_seed(8))
    _, _, _, value = quantised(Quantiser(states), u, torch.full(u.shape, 2))
    assert 0.0625 < float((value - u).square().mean()) < 0.1


def test_more_states_leave_less_error():
    """That is what they cost their time for."""
    u = torch.randn(64, 600, generator=torch.Generator().manual_seed(9))
    errors = [float((quantised(Quantiser(s), u, torch.full(u.shape, 2))[3] - u).square().mean()) for s in STATES]
    assert errors == sorted(errors, reverse=True)


def test_dealing_loses_no_level():
    """Each codebook comes back as it was dealt, in as many levels as its rate has."""
    for rate, book in enumerate(BOOKS, start=1):
        assert np.array_equal(union_of(LEVELS, rate), np.float32(book))
        assert (LEVELS[:, rate, 1 << (rate - 1) :] == 0).all()


def test_a_codebook_of_another_size_is_refused():
    """A rate of R bits has 2^(R+1) levels."""
    with pytest.raises(ValueError, match="rate 2 has 4 levels, expected 8"):
        dealt([BOOKS[0], BOOKS[0]])


@pytest.mark.parametrize("states", [0, 4, 8, 17, 128])
def test_a_number_of_states_without_a_code_names_the_known_ones(states):
    """One has to know what there is."""
    with pytest.raises(ValueError, match=f"states is {states}, expected 16, 32, 64"):
        Trellis(states, LEVELS)


@pytest.mark.parametrize("states", STATES)
def test_scripted_equals_eager_to_the_bit(states):
    """Search and decoder, in a bundle as here."""
    quantiser = Quantiser(states)
    u, rate = normal(16, 40), padded_rates(16, 40, seed=10)
    eager = quantised(quantiser, u, rate, segments=2)
    with torch.inference_mode(), torchscript.without_fusion():
        scripted = quantised(torchscript.script(quantiser), u, rate, segments=2)
    assert all(torch.equal(one, two) for one, two in zip(eager, scripted, strict=True))
