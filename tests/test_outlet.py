"""When a recording's samples are pushed."""

import numpy as np
import pytest

from eegstream.lsl.outlet import push_times_s

RATE_HZ = 100.0
REGULAR_S = np.arange(500) / RATE_HZ


def test_regular_times_are_kept():
    """Real time, sample by sample."""
    np.testing.assert_allclose(push_times_s(REGULAR_S, RATE_HZ), REGULAR_S)


def test_a_hole_is_waited_for():
    """Two seconds of silence are two seconds."""
    times_s = REGULAR_S + 2.0 * (np.arange(500) >= 200)
    np.testing.assert_allclose(push_times_s(times_s, RATE_HZ), times_s)


def test_nobody_waits_for_hours():
    """A clock that jumps is no reason to stand still."""
    times_s = REGULAR_S + 86_400.0 * (np.arange(500) >= 200)
    assert push_times_s(times_s, RATE_HZ)[-1] == pytest.approx(REGULAR_S[-1] + 10, abs=0.02)


@pytest.mark.parametrize("damage", [np.nan, np.inf, -np.inf])
def test_times_that_are_none_take_an_interval_each(damage):
    """They neither stop the player nor let samples pile up."""
    times_s = REGULAR_S.copy()
    times_s[100:300] = damage
    due_s = push_times_s(times_s, RATE_HZ)
    assert np.isfinite(due_s).all()
    assert due_s[-1] <= REGULAR_S[-1] + 10 + 0.02
    assert due_s[299] == pytest.approx(REGULAR_S[299], abs=10.02)


def test_a_step_back_does_not_flood_the_reader():
    """After a clock reset the samples still come at their rate."""
    times_s = REGULAR_S - 3.0 * (np.arange(500) >= 400)
    np.testing.assert_allclose(push_times_s(times_s, RATE_HZ), REGULAR_S, atol=1e-9)
