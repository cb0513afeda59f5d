"""The border filter."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from eegstream.dsp.estimates import Estimates, coefficients, samples
from eegstream.dsp.seams import join

SIZE = 64


def coded(rng, patches=60, channels=3):
    """A smooth stationary signal (P, C, N), and estimates of its patches, each coded apart."""
    kernel = np.hanning(12)
    noise = rng.standard_normal((channels, patches * SIZE + 48))
    x = np.stack([np.convolve(row, kernel / np.linalg.norm(kernel), "same") for row in noise])[:, 24:-24]
    true = 10 * x.reshape(channels, patches, SIZE).transpose(1, 0, 2)
    z = coefficients(true)
    expected = np.broadcast_to(np.sqrt((z**2).mean(axis=(0, 1))), z.shape)
    share = np.where(np.arange(SIZE) < 14, 0.2, 1.0)
    seen = z * (1 - share**2) + expected * rng.standard_normal(z.shape) * share * np.sqrt(1 - share**2)
    return true, Estimates(samples(seen), expected, expected * share)


def all_follow(estimates):
    return np.arange(len(estimates.samples_uv)) > 0


def jump(x):
    return float(np.median(np.abs(x[1:, :, 0] - x[:-1, :, -1])))


def test_borders_become_as_smooth_as_the_signal():
    """And the error falls."""
    true, estimates = coded(np.random.default_rng(0))
    found = join(estimates, all_follow(estimates)).samples_uv
    assert jump(estimates.samples_uv) > 2 * jump(true)
    assert jump(found) < 1.1 * jump(true)
    assert ((found - true) ** 2).sum() < ((estimates.samples_uv - true) ** 2).sum()


def test_nothing_crosses_a_gap():
    """A patch behind lost ones begins anew: both sides are as if decoded apart."""
    _, estimates = coded(np.random.default_rng(1), 6)
    follows = np.array([False, True, True, False, True, True])
    parts = [
        join(Estimates(*(x[part] for x in (estimates.samples_uv, estimates.expected_uv, estimates.left_uv))), own)
        for part, own in ((slice(0, 3), follows[:3]), (slice(3, 6), follows[3:]))
    ]
    found = join(estimates, follows).samples_uv
    np.testing.assert_allclose(found, np.concatenate([part.samples_uv for part in parts]), atol=1e-9)


def test_channels_do_not_depend_on_each_other():
    """The filter runs along time alone."""
    _, estimates = coded(np.random.default_rng(2), 5)
    alone = Estimates(*(x[:, 1:2] for x in (estimates.samples_uv, estimates.expected_uv, estimates.left_uv)))
    follows = all_follow(estimates)
    np.testing.assert_allclose(join(alone, follows).samples_uv, join(estimates, follows).samples_uv[:, 1:2], atol=1e-9)


@given(patches=st.integers(1, 5), size=st.integers(1, 40))
@settings(max_examples=20, deadline=None)
def test_silence_stays_silence(patches, size):
    """Zeros come back as zeros, whatever is expected."""
    ones = np.ones((patches, 2, size))
    found = join(Estimates(0 * ones, ones, ones), np.arange(patches) > 0).samples_uv
    np.testing.assert_array_equal(found, 0 * ones)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_what_is_known_exactly_stays(seed):
    """Without errors there is nothing to correct."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((4, 2, 16))
    found = join(Estimates(x, np.abs(coefficients(x)), np.zeros_like(x)), np.arange(4) > 0).samples_uv
    np.testing.assert_array_equal(found, x)


@given(seed=st.integers(0, 2**32 - 1), low=st.floats(-9, 0), high=st.floats(0, 9), size=st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_any_spreads_give_bounded_samples(seed, low, high, size):
    """Also between silence and an artefact, and if nothing is expected."""
    rng = np.random.default_rng(seed)
    shape = (5, 2, size)
    expected = 10.0 ** rng.uniform(low, high, (5, 2, 1)) * rng.choice([0.0, 1.0], shape, p=[0.2, 0.8])
    left = expected * rng.choice([0.0, 0.1, 1.0], shape)
    x = samples(rng.standard_normal(shape) * expected)
    found = join(Estimates(x, expected, left), np.arange(5) > 0).samples_uv
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= 100 * np.abs(x).max() + 1e-6
