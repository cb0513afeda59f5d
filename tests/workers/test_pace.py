"""The time that is left is told truly, as soon as a few tasks are done."""

import heapq

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegstream.workers.pace import Pace


def simulated(costs_s: list[float], workers: int) -> list[tuple[float, int]]:
    """When each task ends, in the order of their ends, if `workers` do them in turn."""
    free = [0.0] * workers
    ends = []
    for number, cost_s in enumerate(costs_s):
        ends.append((heapq.heappop(free) + cost_s, number))
        heapq.heappush(free, ends[-1][0])
    return sorted(ends)


@settings(max_examples=20)
@given(
    st.floats(0, 2),
    st.floats(0.01, 1),
    st.integers(1, 8),
    st.lists(st.floats(1, 100), min_size=120, max_size=200),
)
def test_the_estimate_is_true(constant_s: float, per_size_s: float, workers: int, sizes: list[float]) -> None:
    """Within a tenth, or two tasks, from a fifth of the tasks on."""
    costs_s = [constant_s + per_size_s * size for size in sizes]
    ends = simulated(costs_s, workers)
    pace = Pace()
    n_left, size_left = len(sizes), sum(sizes)
    for count, (now_s, number) in enumerate(ends, start=1):
        pace.finished(sizes[number], costs_s[number])
        n_left, size_left = n_left - 1, size_left - sizes[number]
        left_s = pace.left_s(n_left, size_left, workers)
        if count > len(sizes) / 5 and left_s is not None:
            assert left_s == pytest.approx(ends[-1][0] - now_s, rel=0.1, abs=2 * max(costs_s))


def test_nothing_is_told_before_anything_is_known() -> None:
    """Nor while no worker is there."""
    pace = Pace()
    assert pace.left_s(3, 30.0, 2) is None
    pace.finished(10.0, 1.0)
    assert pace.left_s(3, 30.0, 0) is None
    assert pace.left_s(0, 0.0, 2) == 0.0
    assert pace.left_s(4, 40.0, 1) == pytest.approx(3.5)
