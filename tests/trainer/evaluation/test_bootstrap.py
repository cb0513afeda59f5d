"""Intervals over subjects, by hand and on made-up groups."""

import numpy as np
import pytest

from trainer.evaluation.bootstrap import DRAWS, drawn, interval


def same(values):
    return values


def test_groups_that_are_alike_leave_no_doubt():
    """The interval has no width, however much patches within a group differ."""
    within = np.array([1.0, 2.0, 6.0])
    low, high = interval(np.tile(within, 5), np.ones(15), np.arange(15) // 3, same)
    assert (low, high) == (3.0, 3.0)


def test_intervals_are_of_ratios_of_sums():
    """Groups weigh by their denominators, and the transform is of the ratio: two groups, so three kinds of draws."""
    over, under, groups = np.array([1.0, 8.0]), np.array([1.0, 2.0]), np.array([0, 1])
    low, high = interval(over, under, groups, np.sqrt)
    assert (low, high) == pytest.approx((1.0, 2.0))
    ratios = np.unique((drawn(groups) @ over) / (drawn(groups) @ under))
    assert ratios.tolist() == [1.0, 3.0, 4.0]


def test_intervals_cover_the_truth():
    """Nearly always, with twelve subjects; and they miss it at times, as 95 % intervals should."""
    rng = np.random.default_rng(1)
    groups = np.arange(12)
    covered = 0
    for seed in range(100):
        low, high = interval(rng.normal(5.0, 1.0, 12), np.ones(12), groups, same, seed)
        covered += low <= 5.0 <= high
    assert 80 <= covered < 100


def test_more_subjects_narrow_the_interval():
    """By the root of their number; more patches of the same subjects do not."""
    values = np.random.default_rng(2).normal(5.0, 1.0, 160)

    def width(of, groups):
        low, high = interval(of, np.ones(len(of)), groups, same)
        return high - low

    few, many = width(values[:10], np.arange(10)), width(values, np.arange(160))
    assert many == pytest.approx(few / 4, rel=0.35)
    assert width(np.repeat(values[:10], 16), np.repeat(np.arange(10), 16)) == pytest.approx(few)


def test_a_draw_is_of_as_many_groups_as_there_are():
    """With replacement, each as likely, and the same again for the same seed."""
    groups = np.array([0, 0, 1, 2, 3, 3])
    draws = drawn(groups)
    assert draws.shape == (DRAWS, 4)
    assert (draws.sum(axis=1) == 4).all()
    assert draws.mean(axis=0) == pytest.approx(np.ones(4), abs=0.1)
    assert draws.max() > 1
    assert np.array_equal(drawn(groups), draws)
    assert not np.array_equal(drawn(groups, seed=1), draws)
