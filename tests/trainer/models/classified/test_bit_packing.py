"""Packing: words hold whole symbols, the most important first."""

import itertools

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from trainer.models.classified.bit_packing import pack

WORDS = st.lists(st.integers(1, 16), min_size=1, max_size=5)


@st.composite
def symbols(draw, low=0, high=6, most=40):
    """Rates of some coefficients, and how important they are."""
    rates = draw(st.lists(st.integers(low, high), min_size=1, max_size=most))
    importance = draw(st.lists(st.integers(0, 50), min_size=len(rates), max_size=len(rates)))
    return np.array(rates), np.array(importance, float)


def ranks(importance):
    """Place of each coefficient in order of importance."""
    return {int(k): place for place, k in enumerate(np.argsort(-importance, kind="stable"))}


@given(symbols(), WORDS)
def test_every_symbol_has_bits_of_its_own(given_symbols, word_bits):
    """Inside its word, beside all others, as wide as its rate; no coefficient comes twice or without a rate."""
    rates, importance = given_symbols
    packed, _ = pack(rates, importance, word_bits)
    taken = [(p.word, bit) for p in packed for bit in range(p.shift, p.shift + p.rate)]
    assert len(set(taken)) == len(taken)
    assert all(bit < word_bits[word] for word, bit in taken)
    assert all(p.rate == rates[p.coefficient] > 0 for p in packed)
    assert len({p.coefficient for p in packed}) == len(packed)


@given(symbols(), WORDS)
def test_every_bit_is_a_symbol_s_or_lost(given_symbols, word_bits):
    """What is lost is told, and no coefficient that would fit in it is left out."""
    rates, importance = given_symbols
    packed, lost = pack(rates, importance, word_bits)
    assert sum(p.rate for p in packed) + lost == sum(word_bits)
    left_out = set(np.flatnonzero(rates > 0).tolist()) - {p.coefficient for p in packed}
    room = [bits - sum(p.rate for p in packed if p.word == word) for word, bits in enumerate(word_bits)]
    assert all(rates[k] > max(room) for k in left_out)


@given(WORDS, st.integers(0, 20))
def test_single_bits_fill_everything(word_bits, more):
    """With enough coefficients of rate 1 nothing is lost."""
    count = sum(word_bits) + more
    packed, lost = pack(np.ones(count, int), np.arange(count, dtype=float), word_bits)
    assert lost == 0
    assert len(packed) == sum(word_bits)


@given(symbols(), st.integers(1, 6), WORDS)
def test_the_most_important_come_first(given_symbols, rate, word_bits):
    """Where all rates are alike, the order of words and of bits within a word is the order of importance."""
    _, importance = given_symbols
    packed, _ = pack(np.full(len(importance), rate), importance, word_bits)
    in_order = sorted(packed, key=lambda p: (p.word, p.shift))
    rank = ranks(importance)
    assert [rank[p.coefficient] for p in in_order] == list(range(len(packed)))


def test_a_word_is_filled_by_less_important_symbols_if_need_be():
    """5 leaves two bits of seven that nobody fits in; 4 and 3 leave none."""
    packed, lost = pack(np.array([5, 4, 3]), np.array([9.0, 8.0, 7.0]), [7])
    assert lost == 0
    assert [(p.coefficient, p.rate, p.word, p.shift) for p in packed] == [(1, 4, 0, 0), (2, 3, 0, 4)]


def test_a_word_that_cannot_be_filled_takes_what_fits():
    """The rest goes into the next one."""
    packed, lost = pack(np.array([4, 4, 3]), np.array([1.0, 2.0, 3.0]), [5, 8])
    assert lost == 2
    assert [(p.coefficient, p.word, p.shift) for p in packed] == [(2, 0, 0), (1, 1, 0), (0, 1, 4)]


@given(symbols(low=1, most=9), st.data())
def test_of_all_ways_to_fill_a_word_the_most_important_is_taken(given_symbols, data):
    """Against all subsets: the one whose most important coefficients come first, in this order."""
    rates, importance = given_symbols
    order = np.argsort(-importance, kind="stable")
    subset = data.draw(st.sets(st.sampled_from(range(len(rates))), min_size=1))
    room = int(sum(rates[k] for k in subset))
    assume(room <= 16)
    filling = [
        places
        for size in range(1, len(rates) + 1)
        for places in itertools.combinations(range(len(rates)), size)
        if sum(rates[order[place]] for place in places) == room
    ]
    packed, lost = pack(rates, importance, [room])
    assert lost == 0
    assert [p.coefficient for p in packed] == [int(order[place]) for place in min(filling)]
