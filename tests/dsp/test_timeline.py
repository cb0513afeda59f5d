"""The timeline against made-up timestamps of known truth: times, holes and other borders."""

import math

import numpy as np
import pytest

from eegstream.dsp.timeline import Break, Timeline
from tests.dsp.timestamp_cases import CASES, Case, breaks_of, even, exact, jitter, measure, run, stalls, times_of
from tests.dsp.timestamp_holes import HOLE_ROWS, HoleRow

LIMIT_RATES = [0.5, 7.0, 100.0, 128.0, 173.61, 250.0, 500.0, 2048.0, 50000.0]


# The table of figures, in short; benchmarks/timeline_table.py prints it at length.


@pytest.mark.parametrize("case", CASES, ids=str)
def test_times_are_as_right_as_the_table_says(case):
    """No false border, and errors within the table's limits."""
    first, second, later, later_rms, late = case.limits
    for seed in (1, 2, 3):
        errors = measure(case, 40.0, seed)
        assert errors.false_borders == 0
        assert errors.first <= first
        assert errors.second <= second
        assert errors.later <= later + 0.05  # the table is rounded
        assert errors.late <= late + 0.02
        assert errors.late_rms <= 2 * later_rms  # of half a minute; the table's is of ten


@pytest.mark.parametrize("row", HOLE_ROWS, ids=str)
def test_holes_are_found_as_the_table_says(row: HoleRow):
    """At the right sample, of the right size, and nowhere else."""
    tally = row.tally(runs=2, count=15)
    assert max(tally.off_samples, default=0) <= row.reach
    assert max(map(abs, tally.count_off_ms), default=0) <= row.count_off_ms + 1e-6
    if row.sure:
        assert (tally.holes, tally.missed, tally.false_borders) == (30, 0, 0)


@pytest.mark.parametrize("seed", range(3))
def test_stalls_of_the_host_are_no_borders(seed):
    """Samples that wait up to 15 ms and come together are outliers."""
    case = Case("stalls", 500.0, stalls, (0, 0, 0, 0, 0))
    _, timestamps_s = case.make(np.random.default_rng(seed), np.arange(30000))
    assert breaks_of(run(500.0, timestamps_s)) == []


def test_noisy_starts_give_no_false_border():
    """However a segment begins, its own jitter is no hole."""
    for case in CASES:
        if "jitter" in case.name or "chunks" in case.name or "bursts" in case.name:
            for seed in range(10):
                _, timestamps_s = case.make(np.random.default_rng(100 + seed), np.arange(round(4 * case.rate_hz)))
                assert breaks_of(run(case.rate_hz, timestamps_s)) == []


# Borders.


@pytest.mark.parametrize("rate_hz", LIMIT_RATES)
@pytest.mark.parametrize("lost", [2, 7])
def test_a_hole_shows_at_its_sample_with_its_count_at_any_rate(rate_hz, lost):
    """Two samples missing after some blocks are one border, and the times go on behind it."""
    block = max(16, round(0.25 * rate_hz))
    at, length = 5 * block + 3, 8 * block
    timestamps_s = even(rate_hz, length)
    timestamps_s[at:] += lost / rate_hz
    found = run(rate_hz, timestamps_s, chunk=block + 5)
    (border,) = breaks_of(found)
    assert (border.index, border.kind, border.missing, border.skipped) == (at, "gap", lost, 0)
    assert border.offset_s == pytest.approx(lost / rate_hz)
    np.testing.assert_allclose(times_of(found, length), timestamps_s, rtol=0, atol=1e-6 / min(rate_hz, 1000))


@pytest.mark.parametrize(
    ("at", "jump_s", "timestamps"),
    [
        *((at, jump_s, exact) for at in (100, 130, 2000) for jump_s in (-1.0, -0.01)),
        (130, -1.0, jitter(0.005)),
        (2000, -0.1, jitter(0.005)),
    ],
)
def test_a_step_back_is_a_border(at, jump_s, timestamps):
    """In the first block too, once that has settled; small ones where the timestamps are calm or learnt."""
    timestamps_s = timestamps(np.random.default_rng(0), even(500.0, 4000), 500.0)
    timestamps_s[at:] += jump_s
    borders = breaks_of(run(500.0, timestamps_s))
    assert [(item.index, item.kind, item.missing) for item in borders] == [(at, "back", 0)]
    assert borders[0].offset_s == pytest.approx(jump_s, abs=0.005)


def test_a_frozen_clock_is_told_from_a_step_back():
    """Equal timestamps are "frozen", then no clock at all until it moves; none of these samples gets a wrong time."""
    timestamps_s = even(250.0, 3000)
    timestamps_s[1000:1400] = timestamps_s[999]
    found = run(250.0, timestamps_s)
    first, *others = breaks_of(found)
    assert first.kind == "frozen"
    assert 1000 <= first.index <= 1002
    assert first.missing == 0
    assert {item.kind for item in others} <= {"noclock", "gap"}
    assert others[0].kind == "noclock"
    times_s = times_of(found, 3000)
    assert np.isnan(times_s[1010:1300]).all()
    np.testing.assert_allclose(times_s[1550:], timestamps_s[1550:], rtol=0, atol=1e-6)


def test_outliers_are_kept_and_bend_nothing():
    """Timestamps that are wrong for less than 20 ms are no border, and their times come from the line."""
    true_s = even(500.0, 3000)
    timestamps_s = true_s.copy()
    timestamps_s[[700, 1200, 1201]] += [5.0, -3.0, -3.0]
    timestamps_s[2000:2008] = 1e300
    found = run(500.0, timestamps_s)
    assert breaks_of(found) == []
    np.testing.assert_allclose(times_of(found, 3000), true_s, rtol=0, atol=1e-3)


def test_outliers_on_both_sides_are_no_border():
    """A timestamp beyond on the other side has come back."""
    timestamps_s = even(500.0, 3000)
    timestamps_s[1000:1006] += 5.0
    timestamps_s[1006:1012] -= 5.0
    assert breaks_of(run(500.0, timestamps_s)) == []


@pytest.mark.parametrize("seed", range(3))
def test_a_chunk_that_is_late_by_six_deviations_is_no_border(seed):
    """Chunks are longer than the 20 ms of doubt: the threshold alone must bear them."""
    late_s = np.random.default_rng(seed).normal(scale=0.004, size=400)
    late_s[300] = 0.024
    assert breaks_of(run(500.0, even(500.0, 400 * 32) + np.repeat(late_s, 32))) == []


@pytest.mark.parametrize("seed", range(5))
def test_a_wide_hole_shows_in_the_first_block_of_rough_timestamps(seed):
    """Between 80 ms and what a jitter of 5 ms may reach, there is no doubt."""
    timestamps_s = jitter(0.005)(np.random.default_rng(seed), even(500.0, 2000), 500.0)
    timestamps_s[60:] += 0.15
    (border,) = breaks_of(run(500.0, timestamps_s))
    assert (border.index, border.kind) == (60, "gap")
    assert border.offset_s == pytest.approx(0.15, abs=0.04)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e308])
def test_samples_without_timestamps_are_timed_by_the_line(bad):
    """A run of up to three blocks changes nothing."""
    true_s = even(500.0, 4000)
    timestamps_s = true_s.copy()
    timestamps_s[1000:1370] = bad
    found = run(500.0, timestamps_s)
    assert breaks_of(found) == []
    np.testing.assert_allclose(times_of(found, 4000), true_s, rtol=0, atol=1e-6)


def test_a_hole_behind_samples_without_timestamps_is_put_before_the_next_timestamp():
    """Its place is not known better; its size is."""
    timestamps_s = even(500.0, 4000)
    timestamps_s[1100:] += 0.1
    timestamps_s[1050:1150] = math.nan
    (border,) = breaks_of(run(500.0, timestamps_s))
    assert (border.index, border.kind, border.missing) == (1150, "gap", 50)


def test_four_blocks_without_timestamps_end_the_segment():
    """Then each block without a clock is skipped until the timestamps return."""
    timestamps_s = even(500.0, 5000)
    timestamps_s[1000:3000] = math.nan
    found = run(500.0, timestamps_s)
    borders = breaks_of(found)
    assert {item.kind for item in borders} == {"nostamps"}
    assert (borders[0].index, borders[0].skipped) == (1500, 0)
    assert sum(item.skipped for item in borders) == 1500
    assert all(math.isnan(item.offset_s) and item.missing == 0 for item in borders)
    np.testing.assert_allclose(times_of(found, 5000)[3000:], timestamps_s[3000:], rtol=0, atol=1e-6)


def test_a_clock_of_another_rate_is_none():
    """A stream four times as fast as it says gets no times."""
    borders = breaks_of(run(250.0, even(1000.0, 1000)))
    assert {item.kind for item in borders} == {"noclock"}
    assert sum(item.skipped for item in borders) == 1000


def test_doubt_lasts_100_ms():
    """The border behind a hole is told with the sample that completes the 100 ms, not before."""
    timestamps_s = even(500.0, 2000)
    timestamps_s[1000:] += 0.2
    timeline = Timeline(500.0)
    timeline.push(timestamps_s[:1000])
    for index in range(1000, 1050):
        assert timeline.push(timestamps_s[index : index + 1]) == []
        assert timeline.held == index - 999
    (border,) = timeline.push(timestamps_s[1050:1051])
    assert isinstance(border, Break)
    assert (border.index, border.missing) == (1000, 100)


def test_the_end_decides_what_is_held():
    """A jump that nothing contradicts until the end is a border; a lone outlier before it is none."""
    timestamps_s = even(500.0, 1003)
    timestamps_s[1000:] += 0.2
    found = run(500.0, timestamps_s)
    assert [(item.index, item.missing) for item in breaks_of(found)] == [(1000, 100)]
    np.testing.assert_allclose(times_of(found, 1003), timestamps_s, rtol=0, atol=1e-6)
    timestamps_s[1001:] -= 0.2
    assert breaks_of(run(500.0, timestamps_s)) == []


@pytest.mark.parametrize("length", [0, 1, 2, 7, 8, 20])
def test_a_short_stream_gets_times_too(length):
    """Fewer samples than a block, or than a line can be learnt from."""
    timestamps_s = even(250.0, length)
    np.testing.assert_allclose(times_of(run(250.0, timestamps_s), length), timestamps_s, rtol=0, atol=1e-9)
