"""What a stream's state tells: its age, and whether it is silent."""

from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegstream.daemon.inbox import Closed, Dropped, Samples, without_late
from eegstream.daemon.streams import Age, LiveStream
from eegstream.epoch import Clock

RUN = "0" * 16


def test_lag_counts_the_waiting_before_the_pull():
    """Codes of a sample of ten seconds ago are ten seconds old, although it was pulled just now."""
    age = Age()
    age.note(needed_s=90.0, clock=Clock(10.0, 0.0), arrived_s=109.999, now_s=110.0)
    assert age.lag_s == 10.0


def test_lag_is_at_least_the_waiting_after_the_pull():
    """A clock offset that is not known, or wrong by a little, makes no code younger than it is."""
    age = Age()
    age.note(needed_s=100.0, clock=Clock(None, None), arrived_s=103.0, now_s=105.0)
    assert age.lag_s == 2.0
    age.note(needed_s=105.5, clock=Clock(0.0, 0.0), arrived_s=103.0, now_s=105.0)
    assert age.lag_s == 2.0


def test_timestamps_of_a_foreign_clock_give_the_lag_since_the_best_moment():
    """A device that stamps with UTC has no age of 50 years."""
    age = Age()
    for now_s, waited_s in ((10.0, 0.0), (11.0, 0.0), (12.0, 7.0), (13.0, 0.0)):
        age.note(1.8e9 + now_s - waited_s, Clock(0.0, 0.0), arrived_s=now_s, now_s=now_s)
        assert age.lag_s == pytest.approx(waited_s, abs=1e-6)


@pytest.mark.parametrize("interval_s", [0.01, 0.25, 4.0])
def test_a_stream_stalls_a_second_after_its_next_chunk_was_due(interval_s):
    """Not before: a device that sends every four seconds is alive in between."""
    stream = LiveStream("s")
    stream.following = SimpleNamespace(current=None, remark=None)
    for n in range(40):
        stream.note_samples(10, n * interval_s)
        assert n < 2 or not is_stalled(stream, n * interval_s + 0.9 * interval_s + 0.9)
    assert not is_stalled(stream, 39 * interval_s + interval_s + 0.99)
    assert is_stalled(stream, 39 * interval_s + interval_s + 1.01)


def is_stalled(stream: LiveStream, now_s: float) -> bool:
    return stream._status(now_s, None)[0] == "stalled"


class FakeReader:
    """A name to tell readers apart."""

    def __init__(self, name: str) -> None:
        self.wire_name = name


READERS = [FakeReader("a"), FakeReader("b")]


@given(chunks=st.lists(st.tuples(st.sampled_from(READERS), st.integers(1, 5), st.integers(0, 20)), max_size=30))
def test_late_samples_are_counted_where_they_were(chunks):
    """Nothing old is left, nothing else is missing, and each count stands before what came after it."""
    items = [Samples(reader, None, range(n), 0.0, float(since)) for reader, n, since in chunks]
    items.append(Closed(READERS[0], "over"))
    kept = without_late(items, oldest_s=10.0)
    for reader in READERS:
        mine = [item for item in kept if item.reader is reader]
        assert not any(isinstance(a, Dropped) and isinstance(b, Dropped) for a, b in pairwise(mine))
        place = 0
        wanted = [item for item in items if item.reader is reader]
        for item in mine:
            if isinstance(item, Dropped):
                passed = 0
                while passed < item.count:
                    assert wanted[place].waiting_since_s < 10.0
                    passed += len(wanted[place].timestamps_s)
                    place += 1
                assert passed == item.count
            else:
                assert item is wanted[place]
                place += 1
        assert place == len(wanted)
