"""A device's counter of samples tells every loss, wherever it begins anew."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegstream.dsp.counter import Lost, Passed, Repeated, SampleCounter
from tests.laws.strategies import chunks, cuts

RATE_HZ = 250.0
LAW = settings(deadline=None, derandomize=True, max_examples=150)
MODULI = [100, 101, 128, 129, 256, 1000, 2**16, 2**24, 2**32]


def run(values, borders=None):
    """The pieces, neighbours of one kind joined; and the counter."""
    counter, found = SampleCounter(RATE_HZ), []
    for part in chunks(np.asarray(values, float), borders or [0, len(values)]):
        found += counter.push(part)
    joined = []
    for piece in [*found, *counter.flush()]:
        last = joined[-1] if joined else None
        if isinstance(piece, Passed) and isinstance(last, Passed) and last.counted == piece.counted:
            joined[-1] = Passed(last.count + piece.count, None, piece.counted)
        else:
            joined.append(Passed(piece.count, None, piece.counted) if isinstance(piece, Passed) else piece)
    return joined, counter


def lost(values):
    """(sample before which it is, how many are missing) of each loss."""
    place, found = 0, []
    for piece in run(values)[0]:
        if isinstance(piece, Lost):
            found.append((place, piece.missing))
        else:
            place += piece.count
    return found


@pytest.mark.parametrize("modulus", MODULI)
@pytest.mark.parametrize("start", [0, 1, -50])
@pytest.mark.parametrize("step", [1.0, 0.03125, 1e6])
def test_losses_are_counted_across_every_wrap(modulus, start, step):
    """3 samples are missing before the end of a round, 2 across it; the wraps themselves are no losses."""
    count = np.arange(modulus - 700, modulus + 3000)
    keep = np.ones(len(count), bool)
    keep[[600, 601, 602, 1699, 1700]] = False
    values = (start + count[keep] % modulus) * step
    assert lost(values) == [(600, 3), (1696, 2)]


@pytest.mark.parametrize("modulus", [modulus for modulus in MODULI if modulus not in (101, 129)])
def test_a_loss_across_the_first_wrap_is_counted(modulus):
    """Before any whole round was seen: the usual lengths are tried."""
    count = np.arange(modulus - 400, modulus + 300) if modulus > 256 else np.arange(modulus - 90, modulus + 700)
    at = int(np.flatnonzero(count == modulus)[0])
    values = np.delete(count, [at - 1, at]) % modulus
    assert lost(values) == [(at - 1, 2)]


def test_a_round_of_an_odd_length_is_learned():
    """Two equal ends in the first half second, or a first one that is told as unknown."""
    assert lost(np.arange(2000) % 57) == []
    assert lost(np.arange(9000) % 777) == [(777, None)]
    assert lost(np.delete(np.arange(9000) % 777, [3000, 3001])) == [(777, None), (3000, 2)]


def test_a_counter_that_is_set_anew_is_a_discontinuity():
    """Nobody knows how many are missing; afterwards it is obeyed again."""
    values = np.concatenate([np.arange(5321), np.arange(3000), np.arange(3002, 4000)])
    assert lost(values) == [(5321, None), (8321, 2)]
    assert lost(np.concatenate([np.arange(40_000), np.arange(1000)])) == [(40_000, None)]


def test_a_repeated_count_is_a_repeated_sample():
    """It is no loss and no step; the count goes on behind it."""
    assert run(np.insert(np.arange(1000), 500, [499, 499]))[0] == [
        Passed(500),
        Repeated(1),
        Repeated(1),
        Passed(500),
    ]


@pytest.mark.parametrize("value", [np.nan, np.inf, -7.0, 1e9, 499.0])
def test_a_damaged_count_is_ignored(value):
    """The sample is in its place, since the next one is expected there."""
    values = np.arange(1000.0)
    values[500] = value
    assert lost(values) == []
    values[501:] += 4
    if np.isfinite(value):
        return
    assert lost(values) == [(501, 4)]


@pytest.mark.parametrize(
    "values",
    {
        "constant": np.full(1000, 7),
        "noise": np.random.default_rng(0).normal(size=1000),
        "random counts": np.random.default_rng(0).integers(0, 256, 1000),
        "a counter of packets": np.arange(1000) // 2,
        "falling": np.arange(1000)[::-1],
        "not finite": np.full(1000, np.nan),
        "a wave": 1e3 * np.sin(np.arange(1000) / 20),
    }.values(),
)
def test_what_does_not_count_is_not_obeyed(values):
    """Every sample passes, none is told as lost."""
    pieces, counter = run(values)
    assert pieces == [Passed(1000, counted=False)]
    assert not counter.is_obeyed


@pytest.mark.parametrize("later", [np.full(1000, 499.0), np.random.default_rng(0).normal(scale=1e3, size=1000)])
def test_a_counter_that_stops_counting_is_given_up(later):
    """One border of unknown size; at most the samples of a block are affected."""
    pieces, counter = run(np.concatenate([np.arange(500.0), later]))
    assert not counter.is_obeyed
    assert isinstance(pieces[-1], Passed)
    assert pieces[-1].count >= 800
    assert pieces[-2] == Lost(None)


@st.composite
def counts(draw):
    """A counter with losses, repetitions, damage and restarts."""
    modulus = draw(st.sampled_from([57, 100, 256, 1000, 2**16]))
    values = (np.arange(900) + draw(st.integers(0, 2**16))) % modulus
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(1, len(values) - 1))
        damage = draw(st.sampled_from(["lost", "repeated", "damaged", "restart"]))
        if damage == "lost":
            values = np.delete(values, range(at, min(at + draw(st.integers(1, 90)), len(values) - 1)))
        elif damage == "repeated":
            values = np.insert(values, at, [values[at - 1]] * draw(st.integers(1, 12)))
        elif damage == "damaged":
            values[at] = draw(st.integers(0, 10**6))
        else:
            values[at:] = np.arange(len(values) - at)
    return values


@given(values=counts(), data=st.data())
@LAW
def test_chunking_changes_nothing(values, data):
    """Law 1: how the values come in decides nothing; and every sample is in one piece."""
    whole = run(values)[0]
    assert run(values, data.draw(cuts(len(values))))[0] == whole
    assert sum(piece.count for piece in whole if not isinstance(piece, Lost)) == len(values)
