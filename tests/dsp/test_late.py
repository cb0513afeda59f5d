"""Samples that come late are kept; samples that are lost are told: senders that poll, pack, stall and catch up."""

import numpy as np
import pytest

from eegstream.dsp.timeline import Timed, Timeline
from tests.dsp.late_measure import Lateness, Losses, first_told_s
from tests.dsp.late_senders import LATE_RATES, SENDERS, Sender, at_once, polls
from tests.dsp.timestamp_cases import breaks_of, even, jitter, run, times_of

BY_NAME = {sender.name: sender for sender in SENDERS}
REGULAR = [sender for sender in SENDERS if sender.burst_s(250.0) and "stall" not in sender.name]
REGULAR = [sender for sender in REGULAR if "held" not in sender.name and " late" not in sender.name]
POLLED_ROWS = [BY_NAME[f"poll {ms} ms, row by row"] for ms in (100, 200, 500, 1000)]


def rates_of(sender):
    """Three of the rates, others for each sender."""
    first = SENDERS.index(sender)
    return [LATE_RATES[(first + 2 * n) % len(LATE_RATES)] for n in range(3)]


@pytest.mark.parametrize("sender", SENDERS, ids=str)
def test_nothing_that_is_delivered_is_told_as_lost(sender: Sender):
    """However late, and wherever the stream begins: no gap, no other border, a time for every sample."""
    figures = Lateness()
    for rate_hz in rates_of(sender):
        figures.add(sender, rate_hz, 30.0, seed=1)
    assert (figures.gaps, figures.missing, figures.others, figures.skipped) == (0, 0, 0, 0)


@pytest.mark.parametrize("sender", REGULAR, ids=str)
def test_times_of_bursts_are_right_to_a_tenth_of_their_interval(sender: Sender):
    """After 10 s, beyond a constant bias, or to 2 ms in the shortest bursts."""
    for rate_hz in rates_of(sender):
        figures = Lateness()
        figures.add(sender, rate_hz, 30.0, seed=2)
        assert figures.errors[0] <= max(2.0, 100.0 * sender.burst_s(rate_hz))


@pytest.mark.parametrize("sender", POLLED_ROWS, ids=str)
def test_a_loss_in_bursts_is_told_within_three_of_them(sender: Sender):
    """A loss of more than two burst intervals, its count right to one burst, and nothing else."""
    figures = Losses()
    for number, rate_hz in enumerate(rates_of(sender)):
        figures.add(sender, rate_hz, 2, seed=number)
    assert (figures.missed, figures.false) == (0, 0)
    assert max(figures.delays) <= 3.1
    assert max(map(abs, figures.off)) <= 1


@pytest.mark.parametrize("lost", [50, 90])
def test_a_stall_that_loses_samples_tells_what_stays(lost):
    """The host stalls for a second; what came meanwhile is delivered but for `lost` samples: only these are missing."""
    true_s = even(250.0, 4000)
    timestamps_s = np.where((true_s >= 1006.0) & (true_s < 1007.0), 1007.0, true_s)
    timestamps_s = np.delete(timestamps_s, slice(1510, 1510 + lost))
    (border,) = breaks_of(run(250.0, timestamps_s))
    assert (border.kind, border.missing) == ("gap", lost)
    assert 1500 <= border.index <= 1750


@pytest.mark.parametrize(("before_hz", "behind_hz"), [(250, 500), (250, 125), (500, 250), (1000, 500), (250, 300)])
@pytest.mark.parametrize("spread_s", [0.0, 0.0004])
def test_another_rate_is_one_border_without_a_loss(before_hz, behind_hz, spread_s):
    """The stream goes on at another pace: nothing is missing, and the new pace is followed."""
    timestamps_s = 1000 + np.cumsum(np.r_[np.full(5000, 1 / before_hz), np.full(5000, 1 / behind_hz)])
    timestamps_s += spread_s * np.random.default_rng(0).normal(size=timestamps_s.size)
    timeline = Timeline(float(before_hz))
    found = timeline.push(timestamps_s) + timeline.flush()
    (border,) = breaks_of(found)
    assert (border.kind, border.missing, border.skipped) == ("rate", 0, 0)
    assert abs(border.index - 5000) <= 0.25 * max(before_hz, behind_hz)
    assert timeline.step_s == pytest.approx(1 / behind_hz, rel=1e-3)
    np.testing.assert_allclose(times_of(found, 10_000)[6000:], timestamps_s[6000:], rtol=0, atol=0.002)


@pytest.mark.parametrize("speed", [0.41, 0.5, 0.9, 1.1, 2.0, 2.4])
def test_a_wrong_nominal_rate_is_followed(speed):
    """The header says one rate, the device keeps another."""
    timestamps_s = 1000 + np.arange(6000) / (250.0 * speed)
    timeline = Timeline(250.0)
    assert timeline.step_s is None
    found = timeline.push(timestamps_s) + timeline.flush()
    assert breaks_of(found) == []
    assert timeline.step_s == pytest.approx(1 / (250.0 * speed))
    np.testing.assert_allclose(times_of(found, 6000), timestamps_s, rtol=0, atol=1e-6)


@pytest.mark.parametrize("rate_hz", [100.0, 250.0, 1000.0])
@pytest.mark.parametrize("timestamps", [lambda _rng, true_s, _rate_hz: true_s, jitter(0.005)])
def test_a_hole_in_a_calm_stream_is_told_within_120_ms(rate_hz, timestamps):
    """The doubt about what may be late costs 100 ms of samples at most."""
    timestamps_s = timestamps(np.random.default_rng(0), even(rate_hz, round(8 * rate_hz)), rate_hz)
    hole = round(5 * rate_hz)
    timestamps_s[hole:] += 0.2
    timeline = Timeline(rate_hz)
    for index in range(timestamps_s.size):
        borders = breaks_of(timeline.push(timestamps_s[index : index + 1]))
        if borders:
            assert borders[0].index == hole
            assert index - hole <= 0.12 * rate_hz
            return
    pytest.fail("no border")


def test_calm_streams_wait_no_longer_than_a_block():
    """Only what comes in bursts starts later."""
    for rate_hz in (100.0, 250.0, 1000.0):
        true_s = even(rate_hz, 3000)
        assert first_told_s(rate_hz, true_s, true_s, Timeline) <= 0.25 + 10 / rate_hz


def test_the_told_error_is_nought_in_calm_streams_and_a_bound_in_bursts():
    """What a subscriber may believe of the times beyond their constant bias."""
    rng = np.random.default_rng(0)
    calm_s = jitter(0.001)(rng, even(250.0, 5000), 250.0)
    assert {item.error_s for item in run(250.0, calm_s) if isinstance(item, Timed)} == {0.0}
    figures = Lateness()
    for sender in POLLED_ROWS:
        figures.add(sender, 250.0, 40.0, seed=5)
    assert min(figures.within) > 0.99


@pytest.mark.parametrize(
    "sender", [Sender("one by one", at_once), Sender("polls", polls(0.2), interval_s=0.2)], ids=str
)
def test_a_frozen_clock_in_a_start_is_not_waited_for_for_ever(sender):
    """If a stream's timestamps stand still from its first sample on, it gets no times, and each sample is counted."""
    timeline = Timeline(250.0)
    found = timeline.push(np.full(5000, 1000.0)) + timeline.flush()
    assert {item.kind for item in breaks_of(found)} == {"noclock"}
    assert sum(item.skipped for item in breaks_of(found)) == 5000
    _, timestamps_s = sender.make(np.random.default_rng(0), 250.0, 20.0)
    timeline.reset()
    assert breaks_of(timeline.push(timestamps_s)) == []


@pytest.mark.parametrize("sender", SENDERS[::4], ids=str)
def test_what_waits_is_bounded(sender):
    """No more than seven seconds of samples are ever held."""
    _, timestamps_s = sender.make(np.random.default_rng(3), 250.0, 30.0)
    timeline = Timeline(250.0)
    for start in range(0, timestamps_s.size, 50):
        timeline.push(timestamps_s[start : start + 50])
        assert timeline.held <= timeline.longest_held <= 7 * 250
