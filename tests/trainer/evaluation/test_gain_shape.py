"""The vector quantiser beside which codecs of one code are measured."""

import numpy as np
import pytest

from trainer.evaluation.baselines import Baselines
from trainer.evaluation.gain_shape import GAINS, GainShapeCoder
from trainer.evaluation.scoring import nrmse_of
from trainer.evaluation.transform_coding import TransformCoder

RNG = np.random.default_rng(0)
SHAPES = RNG.standard_normal((20, 128))


def patches(count, seed, noise=0.0):
    """One of twenty shapes each, of either sign and of random loudness within the coder's range, with noise."""
    rng = np.random.default_rng(seed)
    signed = rng.choice([-1.0, 1.0], (count, 1)) * rng.uniform(3, 100, (count, 1))
    return signed * (SHAPES[rng.integers(20, size=count)] + noise * rng.standard_normal((count, 128)))


TRAINING = patches(4000, seed=1)


def test_the_code_has_no_more_values_than_its_bits_can_tell():
    """64 000 values are 16 gains, a sign and 2000 shapes."""
    rng = np.random.default_rng(2)
    coder = GainShapeCoder.fit(rng.standard_normal((2500, 128)), np.log2(64000))
    assert len(coder.shapes) == 2000
    assert 2 * GAINS * len(coder.shapes) == 64000


def test_patches_of_few_shapes_lose_their_gain_s_rounding_alone():
    """Half a step of the grid at most, whichever sign they have."""
    coder = GainShapeCoder.fit(TRAINING, bits=np.log2(2 * GAINS * 200))
    new = patches(500, seed=3)
    error = np.sqrt(((coder(new) - new) ** 2).sum(axis=1) / (new**2).sum(axis=1))
    assert np.quantile(error, 0.95) < 500 ** (0.5 / (GAINS - 1)) - 1 + 0.01


def test_polarity_changes_the_sign_alone():
    """The negative of a patch is decoded to the negative."""
    coder = GainShapeCoder.fit(TRAINING, bits=9)
    new = patches(200, seed=4, noise=0.5)
    np.testing.assert_array_equal(coder(-new), -coder(new))


def test_the_code_of_least_error_is_chosen():
    """Among all gains, signs and shapes, as a plain search finds it."""
    coder = GainShapeCoder.fit(TRAINING, bits=8)
    new = patches(50, seed=5, noise=1.0)
    gains = np.geomspace(1.0, 500.0, GAINS) * np.sqrt(128)
    book = coder.shapes @ coder.directions.T
    every = np.concatenate([sign * gain * book for sign in (-1, 1) for gain in gains])
    least = ((new[:, None] - every) ** 2).sum(axis=2).min(axis=1)
    np.testing.assert_allclose(((coder(new) - new) ** 2).sum(axis=1), least, rtol=1e-9)


def test_it_beats_transform_coding_where_patches_are_clusters():
    """At the same few bits; that is what it is there for."""
    training, new = patches(4000, seed=6, noise=0.3), patches(500, seed=7, noise=0.3)
    quantised, transformed = GainShapeCoder.fit(training, 11)(new), TransformCoder.fit(training, 11, has_gain=True)(new)
    assert nrmse_of(new, quantised) < 0.8 * nrmse_of(new, transformed)


@pytest.mark.parametrize("bits", [4.9, 17.1])
def test_bits_without_a_codebook_are_refused(bits):
    """Too few for one shape, too many to fit."""
    with pytest.raises(ValueError, match=r"expected 5 to 17"):
        GainShapeCoder.fit(TRAINING, bits)


def test_it_stands_beside_codecs_of_few_bits_and_is_fitted_to_all_rates():
    """One coder for windows of all rates; none for more bits."""
    training = {100.0: TRAINING[:2000].astype(np.float32), 256.0: TRAINING[2000:].astype(np.float32)}
    baselines = Baselines(training)
    coder = baselines.gain_shape_coder(9)
    assert coder is baselines.gain_shape_coder(9)
    np.testing.assert_array_equal(coder.shapes, GainShapeCoder.fit(np.concatenate(list(training.values())), 9).shapes)
    assert baselines.gain_shape_coder(32) is None
