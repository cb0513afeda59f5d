"""What a reader does when something fails that nobody thought of."""

import threading

import numpy as np
import pytest

from eegstream.epoch import Clock
from eegstream.errors import StreamError
from eegstream.lsl.discovery import Discovery
from eegstream.lsl.inlet import MOST_SAMPLES
from eegstream.lsl.prober import Prober
from eegstream.lsl.reader import Reader, _Waiting
from tests.e2e.harness import PATIENCE_S, OutletPlan, outlet


class Sink:
    """Notes what a reader says."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.said: list[str] = []
        self.closing = threading.Event()

    def opened(self, reader, geometry) -> None:
        self.said.append("opened")
        if self.fails:
            raise ZeroDivisionError("nobody thought of this")

    def samples(self, reader, raw, timestamps_s, arrived_s, waiting_since_s) -> None:
        self.said.append("samples")

    def closed(self, reader, why) -> None:
        self.said.append(why)
        self.closing.set()


@pytest.fixture
def announced():
    """A real outlet's announcement."""
    with outlet(OutletPlan("read", "read-1")):
        discovery = Discovery()
        for _ in range(10 * round(PATIENCE_S)):
            found = [stream for stream in discovery.announcements() if stream.name == "read"]
            if found:
                break
            threading.Event().wait(0.1)
        yield found[0]


def run(announced, sink, **options):
    with Prober() as prober:
        reader = Reader(announced, "read-000000", sink, prober, 1 << 20, **options)
        reader.start()
        assert sink.closing.wait(PATIENCE_S)
        assert reader.join(PATIENCE_S)
    return reader


def test_a_reader_that_fails_says_so_and_ends(announced):
    """Any error is its last word; it does not live on as a ghost that holds its name."""
    sink = Sink(fails=True)
    reader = run(announced, sink)
    assert sink.said == ["opened", "its reader failed (ZeroDivisionError: nobody thought of this)"]
    assert not reader.alive
    assert reader.refusal is None


def test_a_stream_that_is_not_admitted_brings_no_sample(announced):
    """The reason is the reader's refusal and its last word."""

    def admit(geometry):
        raise StreamError(f"no EEG among {', '.join(geometry.labels)}")

    sink = Sink()
    reader = run(announced, sink, admit=admit)
    assert sink.said == [reader.refusal] == ["no EEG among Fz, Cz, Pz"]
    assert not reader.opened


def test_samples_of_a_time_in_which_the_process_did_not_run_count_as_waiting_since_then():
    """Also if the first pull after it brings none, and until those come that are younger."""
    waiting, clock = _Waiting(), Clock(0.0, 0.0)
    waiting.note_pull(10.0, 10.1)
    assert waiting.since_s(np.array([10.05]), clock, 10.1) == 10.1
    waiting.note_pull(10.1, 14.0)
    waiting.note_pull(14.0, 14.01)
    assert waiting.since_s(np.array([10.2, 12.0]), clock, 14.01) == 10.1
    waiting.note_pull(14.01, 14.02)
    assert waiting.since_s(np.array([12.1, 14.005]), clock, 14.02) == 10.1
    waiting.note_pull(14.02, 14.1)
    assert waiting.since_s(np.array([14.05]), clock, 14.1) == 14.1


def test_full_pulls_wait_since_the_first_of_them():
    """What liblsl keeps for the next pull came before it."""
    waiting, clock, many = _Waiting(), Clock(None, None), np.zeros(MOST_SAMPLES)
    for pulled_s in (1.0, 1.1, 1.2):
        waiting.note_pull(pulled_s - 0.1, pulled_s)
        assert waiting.since_s(many, clock, pulled_s) == 1.0
    assert waiting.since_s(many[:5], clock, 1.3) == 1.0
    assert waiting.since_s(many[:5], clock, 1.4) == 1.4
