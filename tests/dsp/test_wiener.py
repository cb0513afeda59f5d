"""The Wiener filter across channels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegstream.dsp.estimates import Estimates, samples
from eegstream.dsp.wiener import Montage

RATE_HZ = 256.0
SIZE = 32


def coded(rng, correlations, patches=40, share=None):
    """True coefficients (P, C, N), and estimates of them as a decoder with least error gives them."""
    channels = len(correlations)
    t = rng.standard_normal((patches, SIZE, channels)) @ np.linalg.cholesky(correlations + 1e-9 * np.eye(channels)).T
    t = t.transpose(0, 2, 1)
    expected = 20 / (1 + np.arange(SIZE)) * rng.uniform(0.5, 2, (patches, channels, 1))
    if share is None:
        share = rng.choice([1.0, 0.557, 0.297, 0.157], size=t.shape)
    seen = t * (1 - share**2) + rng.standard_normal(t.shape) * share * np.sqrt(1 - share**2)
    return t * expected, Estimates(samples(seen * expected), expected, share * expected)


def everything(estimates):
    return np.ones(estimates.samples_uv.shape[:2], bool)


def joint(estimates, usable=None, groups=None):
    usable = everything(estimates) if usable is None else usable
    groups = np.arange(usable.shape[1]) if groups is None else groups
    return Montage.estimate(estimates, usable, groups, RATE_HZ).apply(estimates, usable)


def error(found, true):
    return float(np.sqrt(((found.coefficients_uv - true) ** 2).sum() / (true**2).sum()))


def alike(channels, r):
    return r * np.ones((channels, channels)) + (1 - r) * np.eye(channels)


def test_channels_with_common_sources_inform_each_other():
    """The error falls where they are alike, and hardly rises where they are not."""
    true, estimates = coded(np.random.default_rng(0), alike(8, 0.9))
    assert error(joint(estimates), true) < 0.8 * error(estimates, true)
    true, estimates = coded(np.random.default_rng(0), np.eye(8))
    assert error(joint(estimates), true) < 1.02 * error(estimates, true)


def test_the_estimate_is_that_of_the_normal_equations():
    """With known correlations: the posterior mean, written as inverses."""
    rng = np.random.default_rng(3)
    covariance = alike(4, 0.7)
    _, estimates = coded(rng, covariance, patches=1)
    montage = Montage((0, SIZE), covariance[None], np.arange(4), np.arange(4))
    found = montage.apply(estimates, everything(estimates)).coefficients_uv[0]
    for k in range(SIZE):
        size, left = estimates.expected_uv[0, :, k], estimates.left_uv[0, :, k]
        known = np.diag(np.where(left < size, 1 / left**2 - 1 / size**2, 0))
        pull = np.where(left < size, estimates.coefficients_uv[0, :, k] / left**2, 0)
        prior = np.linalg.inv(covariance * np.outer(size, size))
        np.testing.assert_allclose(found[:, k], np.linalg.solve(prior + known, pull), atol=1e-9)


@given(seed=st.integers(0, 2**32 - 1), patches=st.integers(1, 6))
@settings(max_examples=20, deadline=None)
def test_a_channel_alone_stays_as_it_is(seed, patches):
    """To the bit."""
    _, estimates = coded(np.random.default_rng(seed), np.eye(1), patches)
    np.testing.assert_array_equal(joint(estimates).samples_uv, estimates.samples_uv)


@given(seed=st.integers(0, 2**32 - 1), channels=st.integers(2, 6))
@settings(max_examples=20, deadline=None)
def test_the_order_of_channels_does_not_matter(seed, channels):
    """Another order gives the same in that order."""
    rng = np.random.default_rng(seed)
    _, estimates = coded(rng, alike(channels, 0.8), 5)
    order = rng.permutation(channels)
    turned = Estimates(*(x[:, order] for x in (estimates.samples_uv, estimates.expected_uv, estimates.left_uv)))
    np.testing.assert_allclose(joint(turned).samples_uv, joint(estimates).samples_uv[:, order], atol=1e-6)


@given(seed=st.integers(0, 2**32 - 1), low=st.floats(-9, 0), high=st.floats(0, 9))
@settings(max_examples=40, deadline=None)
def test_any_spreads_give_finite_samples(seed, low, high):
    """Also flat channels, nothing expected, errors as large as what is expected, and 18 orders of magnitude."""
    rng = np.random.default_rng(seed)
    shape = (4, 5, 16)
    expected = 10.0 ** rng.uniform(low, high, shape) * rng.choice([0.0, 1.0], shape, p=[0.1, 0.9])
    left = expected * rng.choice([0.0, 1e-6, 0.5, 0.99989, 1.0], shape)
    x = rng.standard_normal(shape) * expected
    x[:, 0] = 0
    estimates = Estimates(samples(x), expected, left)
    found = joint(estimates).samples_uv
    assert np.isfinite(found).all()
    assert np.abs(found).max(initial=0) <= 1e3 * (expected.max() + np.abs(x).max())


def test_patches_that_are_not_usable_neither_give_nor_take():
    """Theirs stay to the bit, and the others' do not depend on what is in them."""
    rng = np.random.default_rng(5)
    _, estimates = coded(rng, alike(4, 0.9))
    usable = everything(estimates)
    usable[10:20, 1] = False
    found = joint(estimates, usable).samples_uv
    np.testing.assert_array_equal(found[~usable], estimates.samples_uv[~usable])
    x = estimates.samples_uv.copy()
    x[~usable] = 1e4
    other = joint(Estimates(x, estimates.expected_uv, estimates.left_uv), usable).samples_uv
    np.testing.assert_array_equal(other[usable], found[usable])


def test_channels_with_the_same_codes_count_once():
    """Their errors are the same, so a second one says nothing new."""
    _, estimates = coded(np.random.default_rng(6), alike(3, 0.8))
    twice = [0, 1, 2, 1]
    doubled = Estimates(*(x[:, twice] for x in (estimates.samples_uv, estimates.expected_uv, estimates.left_uv)))
    found = joint(doubled, groups=np.array(twice)).samples_uv
    np.testing.assert_array_equal(found[:, 1], found[:, 3])
    np.testing.assert_allclose(found[:, :3], joint(estimates).samples_uv, atol=1e-9)


@pytest.mark.parametrize("channels", [64, 256])
def test_many_channels(channels):
    """More channels than patches: finite, and better than each alone."""
    true, estimates = coded(np.random.default_rng(7), alike(channels, 0.9), patches=2)
    found = joint(estimates)
    assert np.isfinite(found.samples_uv).all()
    assert error(found, true) < error(estimates, true)
