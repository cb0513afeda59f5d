"""Which marker outlets are read, and the messages of what happens to them."""

from eegstream.daemon.marker_messages import MarkerStream
from eegstream.daemon.markers import _base_name
from eegstream.epoch import Clock
from eegstream.lsl.admission import marker_refusal
from eegstream.lsl.discovery import Announcement
from eegstream.lsl.markers import LONGEST_LABEL, Marker, told
from eegstream.wire.identity import stream_name

KEYS = Announcement("keys", "Markers", "keys-1", "uid-1", "lab", "s", "string", 1, 0.0, 100.0, None)


def test_irregular_outlets_of_texts_and_numbers_are_read() -> None:
    """Others are refused with the reason."""
    assert marker_refusal(KEYS) is None
    numbers = Announcement("n", "Markers", "", "uid-2", "lab", "s", "int32", 3, 0.0, 100.0, None)
    assert marker_refusal(numbers) is None
    regular = Announcement("n", "Markers", "", "uid-2", "lab", "s", "int32", 1, 250.0, 100.0, None)
    assert "250 Hz" in str(marker_refusal(regular))
    many = Announcement("n", "Markers", "", "uid-2", "lab", "s", "string", 5000, 0.0, 100.0, None)
    assert "5000 channels" in str(marker_refusal(many))
    bad = Announcement("x" * 5000, "Markers", "", "uid-2", "lab", "s", "string", 1, 0.0, 100.0, None)
    assert "5000 characters" in str(marker_refusal(bad))


def test_markers_have_another_name_than_the_eeg_of_their_device() -> None:
    """Also if a device gives both one name and one id."""
    assert _base_name(KEYS) != stream_name("keys", "EEG", "keys-1", "lab")
    assert _base_name(KEYS).startswith("keys-")


def test_a_sample_is_told_as_label_and_value() -> None:
    """Texts, numbers, several channels; what a terminal would act upon, and endless texts, are made harmless."""
    assert told([b"go left"]) == ("go left", None)
    assert told([b"7"]) == ("7", 7.0)
    assert told([3]) == ("3", 3.0)
    assert told([0.25]) == ("0.25", 0.25)
    assert told([b"S", 3]) == ("S 3", None)
    assert told([b"\x1b[31m\xff"]) == ("[31m\ufffd", None)
    assert told([b"nan"])[1] is None
    assert told([b"1e999"])[1] is None
    assert len(told([b"x" * 10_000])[0]) == LONGEST_LABEL


def test_an_epoch_is_one_life_of_an_outlet() -> None:
    """Events are numbered over all epochs; each `end` counts those of its own epoch, and what was dropped."""
    stream = MarkerStream("keys-000000", "0" * 16)
    clock = Clock(offset_s=0.5, error_s=1e-4)
    made = []
    for _ in range(2):
        stream.begin()
        made += [stream.event(Marker(float(t), clock, "x", None), KEYS) for t in range(3)]
        stream.drop(2)
        made.append(stream.end("gone"))
    assert [message.seq for message in made] == list(range(8))
    assert [message.epoch for message in made] == [0] * 4 + [1] * 4
    assert [made[3].received, made[7].received] == [5, 5]
    assert made[3].t_from == 2.0
    state = stream.state(9.0)
    assert (state.received, state.dropped, state.last_seq, state.status) == (10, 4, 7, "lost")
