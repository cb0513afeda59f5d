"""Laws of the timeline, whatever the timestamps: chunks, future, ledger, order, reset, bounds."""

import dataclasses
import math
from itertools import pairwise

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from eegstream.dsp.timeline import Break, Timed, Timeline
from tests.dsp.late_senders import SENDERS
from tests.dsp.timestamp_cases import breaks_of, even, run

LAW = settings(deadline=None, derandomize=True, max_examples=60)
ANY_TIMESTAMP = st.sampled_from([math.nan, math.inf, -math.inf, 1e308, -1e308, 1.7e18, 0.0, 5e-324])


@dataclasses.dataclass(frozen=True)
class Stream:
    rate_hz: float
    timestamps_s: np.ndarray


@st.composite
def streams(draw):
    """Timestamps with all that can go wrong: jitter, lateness, holes, steps back, frozen clocks, no timestamps."""
    rate_hz = draw(st.sampled_from([0.5, 60.0, 100.0, 173.61, 250.0, 500.0]))
    length = draw(st.integers(0, 2500))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    speed = draw(st.sampled_from([1.0, 1.0, 0.9, 1.7, 0.3]))
    timestamps_s = even(rate_hz * speed, length) + draw(st.sampled_from([0.0, 0.1, 1.0])) / rate_hz * rng.normal(
        size=length
    )
    if draw(st.booleans()) and length:
        timestamps_s = np.repeat(timestamps_s[:: draw(st.integers(2, 32))], 32)[:length]
        length = timestamps_s.size
    if rate_hz >= 60 and draw(st.booleans()):
        _, timestamps_s = draw(st.sampled_from(SENDERS)).make(rng, rate_hz, length / rate_hz)
        timestamps_s, length = timestamps_s.copy(), timestamps_s.size
    for _ in range(draw(st.integers(0, 5)) if length else 0):
        start = draw(st.integers(0, length - 1))
        some = slice(start, start + draw(st.integers(1, 400)))
        damage = draw(st.sampled_from(["hole", "back", "frozen", "outliers", "none"]))
        if damage == "hole":
            timestamps_s[start:] += draw(st.integers(1, 200)) / rate_hz
        elif damage == "back":
            timestamps_s[start:] -= draw(st.floats(0.001, 3.0))
        elif damage == "frozen":
            timestamps_s[some] = timestamps_s[start]
        elif damage == "outliers":
            timestamps_s[some] += rng.choice([0.0, 10.0, -10.0], size=timestamps_s[some].size)
        else:
            timestamps_s[some] = draw(ANY_TIMESTAMP)
    return Stream(rate_hz, timestamps_s)


def borders_of_chunks(draw, length):
    """Where to cut `length` samples: anywhere, into empty chunks too."""
    return [0, *sorted(draw(st.lists(st.integers(0, length), max_size=40))), length]


def feed(timeline, timestamps_s, cuts):
    found = []
    for start, stop in pairwise(cuts):
        found += timeline.push(timestamps_s[start:stop])
    return found


def content(found):
    """What must not depend on the chunks: the bits of each sample's time, and the borders."""
    times = {
        item.first + n: time_s for item in found if isinstance(item, Timed) for n, time_s in enumerate(item.times_s)
    }
    return times, [repr(item) for item in breaks_of(found)]


@LAW
@given(streams(), st.data())
def test_chunking_changes_nothing(stream, data):
    """However the timestamps are cut, the same times and borders come out, to the bit."""
    size = stream.timestamps_s.size
    cut, whole = Timeline(stream.rate_hz), Timeline(stream.rate_hz)
    found = feed(cut, stream.timestamps_s, borders_of_chunks(data.draw, size)) + cut.flush()
    assert content(found) == content(whole.push(stream.timestamps_s) + whole.flush())


@LAW
@given(streams())
def test_single_samples_are_chunks_too(stream):
    """A push a sample, strided, gives what one push of all gives."""
    single, whole = Timeline(stream.rate_hz), Timeline(stream.rate_hz)
    strided = np.repeat(stream.timestamps_s, 2)[::2]
    found = feed(single, strided, range(stream.timestamps_s.size + 1)) + single.flush()
    assert content(found) == content(whole.push(stream.timestamps_s) + whole.flush())


@LAW
@given(streams(), st.data())
def test_the_future_changes_nothing(stream, data):
    """What has been handed out stays, whatever comes."""
    size = stream.timestamps_s.size
    now = data.draw(st.integers(0, size))
    other_s = stream.timestamps_s.copy()
    other_s[now:] = data.draw(ANY_TIMESTAMP)
    one, two = Timeline(stream.rate_hz), Timeline(stream.rate_hz)
    past = one.push(stream.timestamps_s[:now])
    assert content(past) == content(two.push(other_s[:now]))
    times, borders = content(past)
    for timeline, timestamps_s in ((one, stream.timestamps_s), (two, other_s)):
        later_times, later_borders = content([*past, *timeline.push(timestamps_s[now:]), *timeline.flush()])
        assert later_times.items() >= times.items()
        assert later_borders[: len(borders)] == borders


@LAW
@given(streams(), st.data())
def test_every_sample_is_accounted_for_once_and_in_order(stream, data):
    """Times and skipped samples follow each other without hole or overlap; what is held is bounded."""
    size = stream.timestamps_s.size
    timeline = Timeline(stream.rate_hz)
    most = max(64, math.ceil(7 * stream.rate_hz))
    cuts = borders_of_chunks(data.draw, size)
    decided = 0
    for start, stop in pairwise(cuts):
        decided = accounted(timeline.push(stream.timestamps_s[start:stop]), decided)
        assert timeline.held == stop - decided <= most
    assert accounted(timeline.flush(), decided) == size
    assert timeline.held == 0


def accounted(found, decided):
    """The number of samples decided after `found`, if it follows on `decided`."""
    for item in found:
        if isinstance(item, Timed):
            assert item.first == decided
            assert item.times_s.size > 0
            assert np.isfinite(item.times_s).all()
            decided += item.times_s.size
        else:
            assert item.index == decided
            assert item.missing >= 0
            assert item.missing == 0 or item.kind == "gap"
            assert item.skipped == 0 or item.kind in {"noclock", "nostamps"}
            decided += item.skipped
    return decided


@LAW
@given(streams())
def test_times_never_fall_within_a_segment(stream):
    """Whatever the timestamps do, time goes forward until a border."""
    found = run(stream.rate_hz, stream.timestamps_s, chunk=37)
    last_s = -math.inf
    for item in found:
        if isinstance(item, Break):
            last_s = -math.inf
        else:
            assert (np.diff(np.r_[last_s, item.times_s]) >= 0).all()
            last_s = item.times_s[-1]


@LAW
@given(streams(), streams())
def test_reset_equals_new(before, stream):
    """Nothing of the past is left, after the end or in the middle."""
    used, new = Timeline(stream.rate_hz), Timeline(stream.rate_hz)
    used.push(before.timestamps_s)
    used.reset()
    assert content(used.push(stream.timestamps_s) + used.flush()) == content(
        new.push(stream.timestamps_s) + new.flush()
    )
    used.reset()
    new.reset()
    assert content(used.push(stream.timestamps_s)) == content(new.push(stream.timestamps_s))
    assert used.held == new.held


@LAW
@given(streams(), st.data())
def test_an_empty_chunk_changes_nothing(stream, data):
    """It brings nothing out, and nothing about."""
    at = data.draw(st.integers(0, stream.timestamps_s.size))
    with_empty, without = Timeline(stream.rate_hz), Timeline(stream.rate_hz)
    found = with_empty.push(stream.timestamps_s[:at])
    assert with_empty.push(np.empty(0)) == []
    found += with_empty.push(stream.timestamps_s[at:]) + with_empty.flush()
    assert content(found) == content(without.push(stream.timestamps_s) + without.flush())


@pytest.mark.parametrize("rate_hz", [250.0, 50000.0])
@pytest.mark.parametrize("kind", ["even", "frozen", "nan", "random"])
def test_a_chunk_of_a_million_samples_is_fine(rate_hz, kind):
    """Neither time nor memory grows faster than the chunk."""
    timestamps_s = even(rate_hz, 200_000)
    if kind == "frozen":
        timestamps_s[:] = 1000.0
    elif kind == "nan":
        timestamps_s[:] = math.nan
    elif kind == "random":
        np.random.default_rng(0).shuffle(timestamps_s)
    timeline = Timeline(rate_hz)
    assert accounted(timeline.push(timestamps_s), 0) + timeline.held == timestamps_s.size
