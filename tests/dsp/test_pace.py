"""The rate that a stream really has, found and watched."""

import numpy as np
import pytest

from eegstream.dsp.pace import RateProbe, RateWatch, grid
from tests.dsp.timestamp_cases import even


def settled_rate_hz(nominal_hz, timestamps_s):
    """The rate that a stream of these timestamps gets."""
    probe = RateProbe(nominal_hz)
    for start in range(0, timestamps_s.size, grid(nominal_hz)):
        probe.push(timestamps_s[start : start + grid(nominal_hz)])
        if probe.rate_hz() is not None:
            return probe.rate_hz()
    return probe.final_rate_hz()


def jittered(rate_hz, seconds, sd_s, seed=0):
    timestamps_s = even(rate_hz, round(seconds * rate_hz))
    return timestamps_s + sd_s * np.random.default_rng(seed).normal(size=timestamps_s.size)


def seconds_until_sure(nominal_hz, timestamps_s):
    """Seconds of samples at the nominal rate after which the probe answers."""
    probe = RateProbe(nominal_hz)
    step = grid(nominal_hz)
    for start in range(0, timestamps_s.size, step):
        probe.push(timestamps_s[start : start + step])
        if probe.rate_hz() is not None:
            return (start + step) / nominal_hz
    return np.inf


@pytest.mark.parametrize("rate_hz", [100.0, 173.61, 256.0, 1000.0])
@pytest.mark.parametrize("share", [1.0, 0.99, 1.01, 0.985])
def test_a_rate_that_is_nearly_right_holds(rate_hz, share):
    """Devices are a little fast or slow: up to 2 % the stated rate is the stream's."""
    assert settled_rate_hz(rate_hz, even(rate_hz * share, 2500)) == rate_hz


@pytest.mark.parametrize(
    ("nominal_hz", "real_hz", "told_hz"),
    [(256.0, 128.0, 128.0), (128.0, 256.0, 256.0), (500.0, 450.0, 450.0), (250.0, 500.3, 500.0), (256.0, 249.0, 250.0)],
)
def test_a_wrong_rate_is_replaced_by_the_real_one(nominal_hz, real_hz, told_hz):
    """Beyond 2 % the timestamps tell, snapped to a common rate within 0.5 %."""
    for sd_s in (0.0, 0.002):
        assert settled_rate_hz(nominal_hz, jittered(real_hz, 10, sd_s)) == pytest.approx(told_hz, rel=0.004)
    assert settled_rate_hz(nominal_hz, even(real_hz, round(10 * real_hz))) == pytest.approx(told_hz, rel=1e-6)


def test_most_streams_wait_for_half_a_second():
    """A right rate costs no patch of a second; a wrong one takes two seconds."""
    assert seconds_until_sure(250.0, even(250.0, 2500)) == pytest.approx(0.5, abs=0.01)
    assert seconds_until_sure(250.0, jittered(250.0, 10, 0.001)) <= 1.0
    assert seconds_until_sure(256.0, even(128.0, 2500)) <= 2.01


@pytest.mark.parametrize("hole_s", [0.1, 0.5, 3.0])
def test_a_hole_does_not_change_a_rate(hole_s):
    """Samples that were lost in the first second are a gap, not a slower device."""
    timestamps_s = even(250.0, 2500)
    timestamps_s[120:] += hole_s
    assert settled_rate_hz(250.0, timestamps_s) == 250.0


@pytest.mark.parametrize("stall_s", [0.2, 1.0])
def test_a_stall_does_not_change_a_rate(stall_s):
    """Samples that came late, all at once, tell nothing of the device's pace."""
    true_s = even(250.0, 5000)
    for begin in (10, 120, 300):
        held = (np.arange(5000) >= begin) & (true_s < true_s[begin] + stall_s)
        assert settled_rate_hz(250.0, np.where(held, true_s[begin] + stall_s, true_s)) == 250.0


def test_timestamps_without_a_clock_leave_the_stated_rate():
    """Where nothing can be measured, what is stated holds."""
    assert settled_rate_hz(250.0, np.full(5000, 7.0)) == 250.0
    assert settled_rate_hz(250.0, np.full(5000, np.nan)) == 250.0
    assert settled_rate_hz(250.0, even(125.0, 20)) == 250.0


def watched(rate_hz, times_s, step):
    watch = RateWatch(rate_hz)
    for start in range(0, times_s.size, step):
        taken, measured_hz = watch.push(times_s[start : start + step], 0.0)
        if measured_hz is not None:
            return start + taken, measured_hz
    return None


def test_a_change_is_told_at_the_same_sample_however_chunks_are_cut():
    """The watch answers at fixed counts."""
    times_s = np.concatenate([even(250.0, 5000), even(250.0, 5000)[-1] + np.arange(1, 9000) / 200.0])
    found = {watched(250.0, times_s, step) for step in (1, 7, 250, 14000)}
    assert len(found) == 1
    (index, measured_hz), *_ = found
    assert 5000 < index <= 5000 + 16 * 250
    assert measured_hz < 240


def test_a_pace_that_wanders_is_no_change():
    """3 % more or less in the long run is the same device."""
    times_s = np.cumsum(1 / (250.0 * (1 + 0.03 * np.sin(np.arange(40000) / 3000))))
    assert watched(250.0, times_s, 500) is None


def test_behind_a_gap_a_gross_change_is_told_within_a_quarter_of_a_second():
    """Nothing is encoded at half its rate for long."""
    watch = RateWatch(256.0)
    watch.begin_segment()
    taken, measured_hz = watch.push(even(128.0, 2000), 0.0)
    assert taken == 64
    assert measured_hz == pytest.approx(128.0, rel=1e-3)


def polled(real_hz, every_s, seconds):
    """Rows of a poll, timestamped one by one as they are pushed."""
    polls_s = every_s * np.arange(1, round(seconds / every_s) + 1) + 0.003 * np.random.default_rng(0).random(
        round(seconds / every_s)
    )
    counts = np.diff(np.floor(polls_s * real_hz).astype(int), prepend=0)
    return np.concatenate([at_s + 2e-5 * np.arange(n) for at_s, n in zip(polls_s, counts, strict=True)])


def chunked(real_hz, nominal_hz, every_s, seconds):
    """Chunks whose last sample has the time of the push; the others are counted back at the stated rate."""
    pushes_s = every_s * np.arange(1, round(seconds / every_s) + 1)
    counts = np.diff(np.floor(pushes_s * real_hz).astype(int), prepend=0)
    return np.concatenate([at_s - np.arange(n)[::-1] / nominal_hz for at_s, n in zip(pushes_s, counts, strict=True)])


@pytest.mark.parametrize(("nominal_hz", "real_hz"), [(256.0, 128.0), (128.0, 256.0), (250.0, 500.0), (1000.0, 250.0)])
@pytest.mark.parametrize("every_s", [0.05, 0.2, 1.0])
def test_a_wrong_rate_is_found_in_bursts(nominal_hz, real_hz, every_s):
    """Whatever the sender's habit, twice the frequency is never taken in silence."""
    assert settled_rate_hz(nominal_hz, polled(real_hz, every_s, 30)) == real_hz
    assert settled_rate_hz(real_hz, polled(real_hz, every_s, 30)) == real_hz


@pytest.mark.parametrize(("nominal_hz", "real_hz"), [(256.0, 128.0), (128.0, 256.0), (250.0, 500.0)])
@pytest.mark.parametrize("every_s", [1 / 60, 0.05, 0.2])
def test_a_wrong_rate_is_found_where_it_makes_the_timestamps(nominal_hz, real_hz, every_s):
    """liblsl counts a chunk's timestamps back at the stated rate."""
    found_hz = settled_rate_hz(nominal_hz, chunked(real_hz, nominal_hz, every_s, 30))
    assert found_hz == pytest.approx(real_hz, rel=0.01)  # as good as such timestamps are
    assert settled_rate_hz(real_hz, chunked(real_hz, real_hz, every_s, 30)) == real_hz


def test_a_rate_four_times_as_high_is_found():
    """The clock fit follows up to 2.5 times the stated pace; the arrivals tell of any."""
    assert settled_rate_hz(250.0, even(1000.0, 20_000)) == 1000.0
