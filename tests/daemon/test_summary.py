"""The line of each minute."""

import logging

import pytest

from eegstream.daemon.figures import Figures
from eegstream.daemon.summary import Summary


class World:
    """A daemon's figures, by a clock that the test moves."""

    def __init__(self) -> None:
        self.figures, self.in_sight, self.now_s = Figures(), 0, 100.0
        self.summary = Summary(self.figures, lambda: self.in_sight, lambda: "type=EEG")

    def after(self, seconds: float) -> None:
        self.now_s += seconds
        self.summary.tell(self.now_s)


@pytest.fixture
def world(caplog: pytest.LogCaptureFixture) -> World:
    caplog.set_level(logging.INFO, "eegstream")
    return World()


def test_what_is_waited_for_is_told_at_once_and_each_minute(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """And no more often; not while something is in sight."""
    for _ in range(1500):
        world.after(0.1)
    assert caplog.messages == ["waiting for type=EEG"] * 3
    world.in_sight = 1
    world.after(120.0)
    assert len(caplog.messages) == 3


def test_a_minute_is_summed_up(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """The counts are those of the minute, the states those of now."""
    world.in_sight = 4
    world.after(0.0)
    figures = world.figures
    figures.statuses, figures.channels = {"live": 3, "refused": 1, "lost": 2}, 57
    figures.encoded, figures.dropped = 1234, 1
    for lag_s in (0.004, 0.006, 0.012):
        figures.note_lag(lag_s, None)
    world.after(60.0)
    figures.encoded += 617
    figures.statuses = {"live": 0, "stalled": 1}
    world.after(120.0)
    assert caplog.messages == [
        "3 streams, 1 refused, 57 channels, 1 234 patches/min, lag median 6 ms, worst 12 ms, 1 sample dropped",
        "1 stream, 1 stalled, 57 channels, 308 patches/min, 0 samples dropped",
    ]


def test_the_worst_lag_is_exact_and_the_memory_bounded(world: World) -> None:
    """However many codes a minute has."""
    world.figures.note_lag(9.0, 8.0)
    for _ in range(10_000):
        world.figures.note_lag(0.005, 0.002)
    assert len(world.figures._lags_s) <= 4096
    lags = world.figures.take_lags()
    assert (lags.median_s, lags.worst_s) == (0.005, 9.0)
    assert world.figures.take_lags().median_s is None
    assert sum(world.figures.lag.counts) == sum(world.figures.stages["source"].counts) == 10_001
