"""A recording's events among its messages."""

from collections.abc import Sequence
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from eegstream.codec.bundle import load
from eegstream.codec.engine import Engine, choose_device
from eegstream.event_messages import with_events
from eegstream.files.codes import read_codes, write_codes
from eegstream.files.events import FileEvent
from eegstream.files.recordings import Recording
from eegstream.files.samples import HeldSamples
from eegstream.stream import SignalOptions
from eegstream.tokenizer import encode_recording
from eegstream.wire.messages import Codes, End, Event, Gap, Message
from tests.files.test_codes import account, codes, spec


def _session() -> list[Message]:
    """Two segments of two patches each, from t = 10 and t = 30, and an end at 40."""
    later = {"t": (30.0,)}
    return [
        spec(),
        codes(1, 0, 0),
        codes(2, 0, 1),
        account(Gap, 3, 0, "missing").model_copy(update={"t_to": 30.0}),
        codes(4, 1, 0).model_copy(update=later),
        codes(5, 1, 1).model_copy(update={"t": (31.0,)}),
        account(End, 6, 1, "gone").model_copy(update={"t_from": 40.0}),
    ]


@given(st.lists(st.floats(-5, 60), max_size=12))
def test_events_come_before_what_is_later(times: Sequence[float]) -> None:
    """None is lost; `seq` has no hole; the end stays the last; an event precedes every later message of the signal."""
    given_events = [FileEvent(t, None, f"{number}") for number, t in enumerate(times)]
    made = list(with_events(_session(), given_events))
    assert [message.seq for message in made] == list(range(len(made)))
    assert isinstance(made[-1], End)
    assert sorted(m.label for m in made if isinstance(m, Event)) == sorted(event.label for event in given_events)
    plain = [m.model_copy(update={"seq": 0}) for m in made if not isinstance(m, Event)]
    assert plain == [m.model_copy(update={"seq": 0}) for m in _session()]
    for place, message in enumerate(made):
        if isinstance(message, Event):
            later = [m for m in made[place:] if isinstance(m, Codes)]
            earlier = [m for m in made[:place] if isinstance(m, Codes)]
            assert all(m.t[0] > message.t for m in later)
            assert all(m.t[0] <= message.t for m in earlier)


def test_a_recording_s_events_are_in_its_codes_file(tmp_path: Path) -> None:
    """With their times, durations, names and numbers, under the recording's name."""
    events = (FileEvent(0.5, 1.5, "eyes closed"), FileEvent(2.25, None, "7", 7.0))
    recording = Recording(
        name="x",
        source_id="",
        rate_hz=256.0,
        labels=("Cz",),
        types=("EEG",),
        units=("microvolts",),
        pieces=HeldSamples(np.random.default_rng(0).normal(0, 20, (1, 1024)).astype(np.float32)),
        times_s=np.arange(1024) / 256,
        remarks=(),
        events=events,
    )
    engine = Engine(load("fast"), choose_device("cpu"))
    path = tmp_path / "x.codes.mcap"
    with write_codes(path) as writer:
        for message in encode_recording(recording, engine, engine.facts, SignalOptions()):
            writer.write(message)
    read = read_codes(path)
    assert (read.damage, read.finished) == ((), True)
    assert [(e.t, e.duration, e.label, e.value) for e in read.events] == [
        (0.5, 1.5, "eyes closed", None),
        (2.25, None, "7", 7.0),
    ]
    assert {event.stream for event in read.events} == {read[0].stream}
    assert read.events[0].source.name == "x"
    np.testing.assert_array_equal(read[0].clock_offset, np.zeros(len(read[0].t)))
