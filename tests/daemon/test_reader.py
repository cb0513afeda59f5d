"""What a reader does when something fails that nobody thought of."""

import threading

import pytest

from eegstream.errors import StreamError
from eegstream.lsl.discovery import Discovery
from eegstream.lsl.prober import Prober
from eegstream.lsl.reader import Reader
from tests.e2e.harness import OutletPlan, outlet


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
        for _ in range(100):
            found = [stream for stream in discovery.announcements() if stream.name == "read"]
            if found:
                break
            threading.Event().wait(0.1)
        yield found[0]


def run(announced, sink, **options):
    with Prober() as prober:
        reader = Reader(announced, "read-000000", sink, prober, 1 << 20, **options)
        reader.start()
        assert sink.closing.wait(20)
        assert reader.join(20)
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
