"""Chunks that wait are taken together, and nothing else changes."""

from dataclasses import dataclass

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from eegstream.daemon.inbox import Closed, Dropped, Samples
from eegstream.daemon.waiting import Together, together

RATE_HZ = 100.0


@dataclass(eq=False)
class FakeReader:
    """What `together` knows of a reader."""

    rate_hz: float = RATE_HZ


READERS = [FakeReader(), FakeReader(), FakeReader()]
ITEMS = st.lists(
    st.tuples(st.sampled_from(READERS), st.sampled_from(["samples", "dropped", "closed"]), st.integers(0, 30))
)


def made(steps):
    """Items whose samples are numbered through each reader."""
    next_sample = dict.fromkeys(READERS, 0)
    items = []
    for place, (reader, kind, count) in enumerate(steps):
        if kind == "samples":
            numbers = np.arange(next_sample[reader], next_sample[reader] + count, dtype=np.float64)
            next_sample[reader] += count
            items.append(Samples(reader, np.stack([numbers, -numbers]), numbers, float(place), float(place)))
        else:
            items.append(Dropped(reader, count) if kind == "dropped" else Closed(reader, "gone"))
    return items


def unfolded(reader, items):
    """What a reader's items say, sample by sample: number, arrival; or the item itself."""
    found = []
    for item in items:
        if item.reader is not reader:
            continue
        if isinstance(item, Samples):
            found += [(number, item.arrived_s) for number in item.timestamps_s]
        elif isinstance(item, Together):
            assert item.count == item.raw.shape[1] == len(item.timestamps_s) == len(item.arrived_s)
            np.testing.assert_array_equal(item.raw, [item.timestamps_s, -item.timestamps_s])
            found += list(zip(item.timestamps_s, item.arrived_s, strict=True))
        else:
            found.append(item)
    return found


@given(ITEMS)
def test_each_stream_keeps_its_order(steps):
    """Every sample with its arrival, and drops and ends at their place among them."""
    items = made(steps)
    ordered = together(items)
    for reader in READERS:
        assert unfolded(reader, ordered) == unfolded(reader, items)


@given(ITEMS)
def test_a_stream_takes_a_quarter_second_at_most(steps):
    """Unless a single chunk is longer."""
    for item in together(made(steps)):
        if isinstance(item, Together) and len(item.chunks) > 1:
            assert item.count <= RATE_HZ / 4


def test_chunks_of_streams_that_alternate_are_taken_together():
    """Two streams of short chunks make two items."""
    steps = [(reader, "samples", 4) for _ in range(5) for reader in READERS[:2]]
    assert [(item.reader, len(item.chunks)) for item in together(made(steps))] == [(READERS[0], 5), (READERS[1], 5)]
