"""Transform coding against published distortions and formulas, with its bits counted."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.evaluation.scoring import nrmse_of
from trainer.evaluation.transform_coding import (
    GAIN_BITS,
    EntropyCoder,
    TransformCoder,
    gains_uv,
    karhunen_loeve,
    mean_predictor,
    reverse_water_filling,
)
from trainer.quantisation.lloyd_max import LEVELS, allocate, distortion_curve, lloyd_max, quantise

NORMAL = np.random.default_rng(0).standard_normal(200_000)
CURVE = distortion_curve(NORMAL[:20_000])
LOG_STEP = math.log(1000 / 0.25) / 63


def gaussian(rows, seed, smooth, loud_uv=(5, 50)):
    """Coloured Gaussian patches (rows, 32) of random loudness: each sample keeps a share `smooth` of the one before."""
    rng = np.random.default_rng(seed)
    place = np.arange(32)
    root = np.linalg.cholesky(smooth ** np.abs(place[:, None] - place))
    return rng.standard_normal((rows, 32)) @ root.T * rng.uniform(*loud_uv, (rows, 1))


TRAINING = gaussian(3000, seed=1, smooth=0.9)


@pytest.mark.parametrize(("levels", "distortion"), [(2, 0.3634), (4, 0.1175), (8, 0.03454)])
def test_a_table_is_as_good_as_max_s(levels, distortion):
    """The least distortion of N(0, 1), as published by Max, 1960."""
    table = lloyd_max(np.sort(NORMAL), levels)
    assert ((NORMAL - table[quantise(NORMAL, table)]) ** 2).mean() == pytest.approx(distortion, rel=0.015)
    assert table == pytest.approx(-table[::-1], abs=0.02)


def test_a_table_is_its_cells_means():
    """And each sample goes to the nearest value: Lloyd's two conditions."""
    samples = np.sort(NORMAL[:5000] ** 3)
    table = lloyd_max(samples, 6)
    index = quantise(samples, table)
    assert np.array_equal(index, np.abs(samples[:, None] - table).argmin(axis=1))
    assert [samples[index == level].mean() for level in range(6)] == pytest.approx(table.tolist(), abs=0.05)


def test_as_many_levels_as_values_lose_nothing():
    """Three values need three levels."""
    samples = np.repeat([-2.0, 0.5, 7.0], 10)
    table = lloyd_max(samples, 3)
    assert table[quantise(samples, table)] == pytest.approx(samples)


def test_more_levels_leave_less():
    """The curve falls from 1 at a single level."""
    assert CURVE[0] == pytest.approx(1.0, abs=1e-3)
    assert (np.diff(CURVE) < 0).all()


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=12), st.floats(0, 60))
def test_levels_never_cost_more_than_there_is(variances, bits):
    """Their product stays within 2^bits, and what is left would not pay for one more step of any of them."""
    levels = allocate(np.array(variances, float), bits, CURVE)
    spent = np.log2(levels).sum()
    assert spent <= bits + 1e-6
    higher = [LEVELS[LEVELS.index(level) + 1] / level for level in levels if level < LEVELS[-1]]
    assert all(math.log2(ratio) > bits - spent - 1e-6 for ratio in higher)


@given(st.lists(st.integers(1, 1000), min_size=2, max_size=12), st.floats(0, 60))
def test_a_larger_variance_never_gets_fewer_levels(variances, bits):
    """Bits go where they help most."""
    levels = allocate(np.array(variances, float), bits, CURVE)
    order = sorted(range(len(variances)), key=lambda k: (variances[k], levels[k]))
    assert (np.diff(levels[order]) >= 0).all()


def test_gains_are_the_patches_levels_on_a_grid():
    """64 steps from 0.25 to 1000 µV, within half a step of the root mean square, its ends beyond them."""
    rms_uv = np.concatenate([np.geomspace(0.25, 1000, 500), [0, 1e-3, 1e5]])[:, None]
    gain_uv = gains_uv(rms_uv * np.tile([1.0, -1.0], 16))
    step = np.log(gain_uv / 0.25) / LOG_STEP
    assert step == pytest.approx(np.round(step), abs=1e-6)
    assert np.unique(np.round(step)).tolist() == list(range(64))
    assert np.abs(np.log(gain_uv[:500] / rms_uv[:500])).max() <= LOG_STEP / 2 * 1.001
    assert gain_uv[-3:, 0] == pytest.approx([0.25, 0.25, 1000])


def test_the_directions_are_those_of_the_patches():
    """Orthonormal, uncorrelated, the strongest first."""
    variances, directions = karhunen_loeve(TRAINING)
    assert directions.T @ directions == pytest.approx(np.eye(32), abs=1e-9)
    z = TRAINING @ directions
    assert z.T @ z / len(z) == pytest.approx(np.diag(variances), abs=1e-6 * variances[0])
    assert (np.diff(variances) <= 0).all()


@pytest.mark.parametrize("has_gain", [False, True], ids=["plain", "gain"])
def test_a_coder_keeps_to_its_bits(has_gain):
    """6 for a gain, log2 of its levels for each coefficient; more of them never leave more error."""
    errors = []
    for bits in range(12, 61, 8):
        coder = TransformCoder.fit(TRAINING, bits, has_gain=has_gain)
        spent = sum(math.log2(len(table)) for table in coder.tables) + GAIN_BITS * has_gain
        assert bits - 1 < spent <= bits + 1e-6
        errors.append(nrmse_of(TRAINING, coder(TRAINING)))
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.5 * errors[0]


def test_a_decoded_coefficient_is_a_value_of_its_table():
    """Nothing else comes back, and nothing in directions that have no table."""
    coder = TransformCoder.fit(TRAINING, 24, has_gain=False)
    decoded = coder(gaussian(200, seed=2, smooth=0.9))
    z = decoded @ coder.directions
    for k, table in enumerate(coder.tables):
        assert np.abs(z[:, k, None] - table).min(axis=1).max() < 1e-9
    assert z @ coder.directions.T == pytest.approx(decoded, abs=1e-9)


def test_a_gain_makes_loudness_irrelevant():
    """Patches some whole steps quieter decode to the same, as much quieter; without a gain more of them is lost."""
    fresh = gaussian(500, seed=3, smooth=0.9)
    quieter = math.exp(-15 * LOG_STEP) * fresh
    coder = TransformCoder.fit(TRAINING, 40, has_gain=True)
    assert coder(quieter) == pytest.approx(math.exp(-15 * LOG_STEP) * coder(fresh))
    plain = TransformCoder.fit(TRAINING, 40, has_gain=False)
    assert nrmse_of(quieter, plain(quieter)) > 1.5 * nrmse_of(fresh, plain(fresh))


@pytest.mark.parametrize("has_gain", [False, True], ids=["plain", "gain"])
@pytest.mark.parametrize("bits", [20, 40])
def test_entropy_coding_spends_what_it_was_asked(bits, has_gain):
    """On the patches that it was fitted to; unforeseen ones cost more."""
    coder = EntropyCoder.fit(TRAINING, bits, has_gain=has_gain)
    assert coder(TRAINING)[1] == pytest.approx(bits, rel=0.02)
    assert coder(gaussian(1000, seed=4, smooth=0.2))[1] > 1.2 * bits


def test_entropy_coding_beats_whole_levels():
    """A variable rate is the easier one, on fresh patches too."""
    fresh = gaussian(1000, seed=5, smooth=0.9)
    decoded, bits = EntropyCoder.fit(TRAINING, 30, has_gain=True)(fresh)
    assert bits == pytest.approx(30, rel=0.05)
    assert nrmse_of(fresh, decoded) < nrmse_of(fresh, TransformCoder.fit(TRAINING, 30, has_gain=True)(fresh))


def test_a_cell_is_decoded_to_its_mean():
    """So that on the training patches the error says nothing of what was decoded."""
    decoded, _ = EntropyCoder.fit(TRAINING, 30, has_gain=False)(TRAINING)
    assert ((TRAINING - decoded) * decoded).sum() / (decoded**2).sum() == pytest.approx(0.0, abs=1e-9)


def test_a_price_is_an_ideal_code_s():
    """The cells of each coefficient would fit a prefix code, and the counted bits are their prices' mean."""
    coder = EntropyCoder.fit(TRAINING, 30, has_gain=False)
    assert (2.0**-coder.price_bits).sum(axis=0) == pytest.approx(1.0)
    one, two = coder(TRAINING[:10])[1], coder(TRAINING[10:40])[1]
    assert coder(TRAINING[:40])[1] == pytest.approx((10 * one + 30 * two) / 40)


@pytest.mark.parametrize("bits", [6, 22, 38])
def test_white_noise_needs_half_a_bit_for_each_three_decibels(bits):
    """Rate-distortion of N white samples: the error is 2^(-bits / N) of the signal, the gain's bits aside."""
    white = gaussian(20_000, seed=6, smooth=0.0)
    assert reverse_water_filling(white, bits) == pytest.approx(2 ** (-(bits - GAIN_BITS) / 32), rel=0.02)


def test_two_bands_fill_like_water():
    """Variances 4 and 1, each of 16 directions, by hand: bits go to the strong ones until both are alike."""
    rng = np.random.default_rng(7)
    patches = rng.standard_normal((40_000, 32)) * np.repeat([2.0, 1.0], 16) * 10
    for bits, lost in [(8, (4 * 2**-1 + 1) / 5), (16, 2 / 5), (32, 2 * 2**-1 / 5)]:
        assert reverse_water_filling(patches, bits + GAIN_BITS) == pytest.approx(math.sqrt(lost), rel=0.02)


@pytest.mark.parametrize("bits", [20, 36, 52])
def test_no_coder_beats_the_rate_distortion_function(bits):
    """On Gaussian patches, where it is a bound."""
    bound = reverse_water_filling(TRAINING, bits)
    assert bound < nrmse_of(TRAINING, TransformCoder.fit(TRAINING, bits, has_gain=True)(TRAINING))
    assert bound < nrmse_of(TRAINING, EntropyCoder.fit(TRAINING, bits, has_gain=True)(TRAINING)[0])


def test_the_mean_is_each_patch_s_own():
    """At every sample of it."""
    x = np.array([[1, 2, 6], [-4, 0, 1]], np.float32)
    assert mean_predictor(x).tolist() == [[3, 3, 3], [-1, -1, -1]]
