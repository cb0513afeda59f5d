"""The newest rows of an array, against an array that keeps all."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from eegstream.dsp.history import History


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 300)), max_size=30), st.integers(-20, 20))
def test_kept_rows_are_those_that_came(steps, start):
    """Whatever is pushed and forgotten, `between` gives what came at these positions."""
    rng = np.random.default_rng(0)
    history, everything = History((3,), np.float64, start), np.empty((0, 3))
    forgotten = start
    for count, spare in steps:
        rows = rng.normal(size=(count, 3))
        history.push(rows)
        everything = np.concatenate((everything, rows))
        position = forgotten + spare - 100
        history.forget_before(position)
        forgotten = min(max(forgotten, position), start + len(everything))
        assert (history.start, history.stop) == (forgotten, start + len(everything))
        np.testing.assert_array_equal(history.between(forgotten, history.stop), everything[forgotten - start :])


def test_memory_is_bounded_by_what_is_kept():
    """A million rows pass; a hundred are kept."""
    history = History((), np.float64)
    for start in range(0, 1_000_000, 50):
        history.push(np.arange(start, start + 50, dtype=np.float64))
        history.forget_before(start - 50)
    assert history.between(history.start, history.stop).base.size <= 512
    np.testing.assert_array_equal(history.between(999_900, 1_000_000), np.arange(999_900, 1_000_000))
