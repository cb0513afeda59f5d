"""What augmentation may change, and what it must not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegstream.errors import ConfigError
from trainer.data.augment import Augmentation

RNG = np.random.default_rng(0)
PATCHES = RNG.standard_normal((400, 128)).astype(np.float32) * 20
RATES = np.full(400, 256.0)


def augmented(seed=1, **settings):
    return Augmentation(**{"sign": False, **settings})(np.random.default_rng(seed), PATCHES.copy(), RATES)


@given(st.booleans(), st.floats(0, 20), st.floats(0, 30), st.integers(0, 2**32))
def test_the_same_generator_gives_the_same_bits(sign, gain_db, mains_uv, seed):
    """Every draw comes from it."""
    settings = {"sign": sign, "gain_db": gain_db, "mains_uv": mains_uv}
    one, two = (augmented(seed, **settings) for _ in range(2))
    assert one.dtype == np.float32
    np.testing.assert_array_equal(one, two)


def test_nothing_asked_changes_nothing():
    """Not a bit."""
    np.testing.assert_array_equal(augmented(), PATCHES)


def test_signs_are_even():
    """Half of the patches are turned over, nothing else."""
    turned = augmented(sign=True)[:, 0] / PATCHES[:, 0]
    assert set(turned.tolist()) == {-1.0, 1.0}
    assert abs(turned.mean()) < 0.15


def test_gain_stays_within_its_range():
    """In dB, evenly, one factor for a patch."""
    change = augmented(gain_db=6.0) / PATCHES
    np.testing.assert_allclose(change, change[:, :1].repeat(128, axis=1), rtol=1e-5)
    db = 20 * np.log10(change[:, 0])
    assert -6 <= db.min() < -5
    assert 5 < db.max() <= 6


def test_mains_is_a_sine_of_one_of_the_frequencies():
    """Of at most the amplitude that was asked for."""
    added = augmented(mains_uv=10.0, mains_hz=[50.0, 60.0]) - PATCHES
    spectrum = np.abs(np.fft.rfft(added * np.hanning(128), axis=1))
    peak_hz = spectrum.argmax(axis=1) * 256 / 128
    assert {round(hz / 10) * 10 for hz in peak_hz} == {50, 60}
    assert 9 < np.abs(added).max() <= 10.001


def test_there_is_no_mains_where_it_could_only_be_an_alias():
    """At 100 Hz there is neither 50 nor 60 Hz."""
    patches = Augmentation(sign=False, mains_uv=10)(np.random.default_rng(0), PATCHES.copy(), np.full(400, 100.0))
    np.testing.assert_array_equal(patches, PATCHES)


def test_a_share_of_the_patches_gets_a_strong_line():
    """At one of the frequencies, as strong as asked for against the patch itself; the others stay as they are."""
    changed = augmented(line_share=0.25, line_ratio=[2.0, 4.0])
    struck = (changed != PATCHES).any(axis=1)
    assert 0.15 < struck.mean() < 0.35
    added = changed[struck] - PATCHES[struck]
    ratio = np.sqrt((added**2).mean(axis=1) / (PATCHES[struck] ** 2).mean(axis=1))
    assert 1.9 < ratio.min() < 2.3
    assert 3.6 < ratio.max() < 4.1
    spectrum = np.abs(np.fft.rfft(added * np.hanning(128), axis=1))
    assert {round(hz / 10) * 10 for hz in spectrum.argmax(axis=1) * 256 / 128} == {50, 60}


@given(st.floats(0, 20), st.floats(0, 30), st.integers(0, 2**32))
def test_lines_leave_all_other_draws_alone(gain_db, mains_uv, seed):
    """Patches without a line are those of the same recipe without lines, to the bit."""
    settings = {"sign": True, "gain_db": gain_db, "mains_uv": mains_uv}
    plain, lined = augmented(seed, **settings), augmented(seed, **settings, line_share=0.1)
    same = (plain == lined).all(axis=1)
    assert 0.8 < same.mean() < 1
    without = Augmentation(**settings, line_share=0.1).without_lines()
    np.testing.assert_array_equal(without(np.random.default_rng(seed), PATCHES.copy(), RATES), plain)


@pytest.mark.parametrize(
    "settings",
    [
        {"gain_db": -1},
        {"mains_uv": -1},
        {"mains_uv": 1, "mains_hz": []},
        {"line_share": 0.1, "mains_hz": []},
        {"line_share": 1.1},
        {"line_ratio": [0, 1]},
        {"line_ratio": [2, 1]},
        {"line_ratio": [1]},
    ],
)
def test_impossible_amounts_are_refused(settings):
    """One line."""
    with pytest.raises(ConfigError, match="augmentation"):
        Augmentation(**settings)
