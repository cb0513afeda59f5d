"""Events of files have the right second, name and number, also behind pauses."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegstream.files.beginnings import first_seconds
from eegstream.files.bids_events import events_beside
from eegstream.files.biosemi import triggers
from eegstream.files.brainvision import read_brainvision
from eegstream.files.edf import read_edf
from eegstream.files.edf_annotations import annotations
from eegstream.files.events import FileEvent, at_times, labelled
from eegstream.files.file_bytes import HeldBytes, bytes_of
from eegstream.files.formats import read_signals
from eegstream.files.gdf import read_gdf
from eegstream.files.recordings import Recording, read_recording
from eegstream.files.samples import HeldSamples
from eegstream.files.signals import with_rate
from eegstream.files.xdf_events import marked_events
from tests.files.conftest import make_edf
from tests.files.written import (
    RATE_HZ,
    EdfSignal,
    edf_bytes,
    gdf_bytes,
    write_brainvision,
    write_eeglab,
)


def shown(events: Any) -> list[tuple[float, float | None, str, float | None]]:
    """Events as plain tuples, times to the microsecond."""
    return [(round(e.t_s, 6), e.duration_s, e.label, e.value) for e in events]


def edf_plus(lists: list[str], onsets_s: list[float], kind: str = "EDF+D") -> bytes:
    """EDF+ of records of 1 s that begin at `onsets_s`; `lists` are their annotations as written."""
    plain = make_edf(np.zeros((1, 100 * len(onsets_s)), np.int16), onsets_s=onsets_s, kind=kind)
    record = 2 * (100 + 20)
    head, body = plain[: -record * len(onsets_s)], plain[-record * len(onsets_s) :]
    made = b""
    for number, text in enumerate(lists):
        rest = body[number * record : (number + 1) * record]
        notes = (rest[200:].rstrip(b"\0") + b"\0" + text.encode()).ljust(40, b"\0")
        made += rest[:200] + notes[:40]
    return head + made


def test_annotations_of_edf_count_from_the_first_record() -> None:
    """Onset, duration and several texts of a list; the first record may begin later than the file."""
    content = edf_plus(["+0.75\x152\x14a\x14b \x01 c\x14\0", "+6.5\x14S  7\x14\0", ""], [0.5, 1.5, 6.0])
    (stream,) = read_edf(HeldBytes(content), "x")
    assert shown(stream.events) == [(0.25, 2.0, "a", None), (0.25, 2.0, "b c", None), (6.0, None, "S 7", 7.0)]
    assert stream.times_s[200] == pytest.approx(5.5)


def test_texts_that_are_no_lists_are_told() -> None:
    """The rest is read; Latin-1 is, too."""
    good = "+1\x14Fuß\x14\0".encode("latin-1").ljust(24, b"\0")
    bad = b"garbage".ljust(24, b"\0")
    events, remarks = annotations([np.frombuffer(good + bad, np.uint8).reshape(2, 24)])
    assert shown(events) == [(1.0, None, "Fuß", None)]
    assert remarks == ["annotations of 1 records cannot be read"]


def test_trigger_codes_are_events_where_they_begin() -> None:
    """Bits that are always set, and those of the recorder's state, belong to no code; the first sample begins none."""
    status = np.array([5, 5, 0, 7, 7, 9, 0, 0, 7], np.int32) | 0xFF00 | (0x3 << 16)
    assert shown(triggers(status, 4.0)) == [(0.75, None, "7", 7.0), (1.25, None, "9", 9.0), (2.0, None, "7", 7.0)]


def test_triggers_of_a_paused_recording_stay_with_their_samples(tmp_path: Path) -> None:
    """A pause of unknown length counts as one second, for the samples and for the events behind it."""
    status = np.zeros(1000, np.int32)
    status[[200, 500, 800]] = [3, 4, 5]
    status[500] |= 1 << 16
    eeg = np.random.default_rng(0).integers(-99, 99, 1000)
    path = tmp_path / "x.bdf"
    path.write_bytes(edf_bytes([EdfSignal("Cz", eeg, RATE_HZ), EdfSignal("Status", status, RATE_HZ, "")], bdf=True))
    recording = read_recording(path)
    assert recording.pauses == (500,)
    assert [event.t_s for event in recording.events] == recording.times_s[[200, 500, 800]].tolist()


def test_a_counter_in_the_trigger_channel_is_no_list_of_events(tmp_path: Path) -> None:
    """A number that changes with every sample is left out, and told."""
    status = np.arange(5000) % 60000
    eeg = np.random.default_rng(0).integers(-99, 99, 5000)
    path = tmp_path / "x.bdf"
    path.write_bytes(edf_bytes([EdfSignal("Cz", eeg, RATE_HZ), EdfSignal("Status", status, RATE_HZ, "")], bdf=True))
    recording = read_recording(path)
    assert recording.events == ()
    assert any("events in 5000 samples were left out" in remark for remark in recording.remarks)


def test_marks_of_brainvision_lie_at_their_samples(tmp_path: Path) -> None:
    """Type and description make the label; a mark of several samples lasts; pauses by dates count."""
    marks = ["New Segment,,1,1,0,20240101100000000000", "Stimulus,S  1,251,1,0", "Comment,a\\1b,501,50,2"]
    path = write_brainvision(tmp_path, [*marks, "New Segment,,501,1,0,20240101100010000000", ",x,5000,1,0"])
    (stream,) = read_brainvision(path.read_bytes(), path)
    assert shown(stream.events) == [(1.0, None, "Stimulus/S 1", 1.0), (10.0, 0.2, "Comment/a,b", None)]


def test_events_of_gdf_have_their_codes() -> None:
    """Also with durations (mode 3), and without breaks."""
    positions, codes = np.array([1, 251, 501], "<u4"), np.array([768, 0x7FFE, 770], "<u2")
    table = b"\x03" + (3).to_bytes(3, "little") + np.float32(RATE_HZ).tobytes() + positions.tobytes() + codes.tobytes()
    table += bytes(2 * 3) + np.array([0, 0, 125], "<u4").tobytes()
    (stream,) = read_gdf(gdf_bytes([np.zeros(1000, np.float32)], [RATE_HZ], table), "x")
    assert shown(stream.events) == [(0.0, None, "768", 768.0), (2.0, 0.5, "770", 770.0)]
    assert stream.pauses == (250,)


def test_events_of_eeglab_lie_behind_what_was_cut_out(tmp_path: Path) -> None:
    """A boundary is no event; its duration moves the later ones as it moves the samples."""
    pytest.importorskip("mne")
    events = [
        {"type": "left", "latency": 251.0, "duration": 50.0},
        {"type": "boundary", "latency": 500.5, "duration": 500.0},
        {"type": "right", "latency": 626.0, "duration": 1.0},
    ]
    path = write_eeglab(tmp_path, events)
    (stream,) = read_signals(bytes_of(path), path, None)
    assert shown(stream.events) == [(1.0, 0.2, "left", None), (4.5, None, "right", None)]
    assert stream.times_s[625] == pytest.approx(4.5)


def test_annotations_of_fif_count_from_the_first_sample(tmp_path: Path) -> None:
    """MNE-Python counts from the measurement's date, if there is one; samples may begin later."""
    mne = pytest.importorskip("mne")
    raw = mne.io.RawArray(np.zeros((2, 1000)), mne.create_info(2, 250.0, "eeg"), first_samp=250, verbose="ERROR")
    raw.set_meas_date(1e9)
    raw.set_annotations(mne.Annotations([2.0], [0.5], ["open"], orig_time=raw.info["meas_date"]))
    raw.save(tmp_path / "x_raw.fif", verbose="ERROR")
    assert shown(read_recording(tmp_path / "x_raw.fif").events) == [(1.0, 0.5, "open", None)]


def xdf_stream(host: str, offset_s: float | None, **others: Any) -> dict[str, Any]:
    """A stream as pyxdf gives it."""
    info = {"hostname": [host], "type": ["Markers"], "channel_format": ["string"]}
    measured = [] if offset_s is None else [{"offset": [{"value": [str(offset_s)]}]}]
    return {"info": info, "footer": {"info": {"clock_offsets": measured}}} | others


@pytest.mark.parametrize(
    ("host", "offset_s", "expected_s"),
    [("lab", -4.0, 105.0), ("desk", -4.0, 98.5), ("desk", None, 105.0)],
    ids=["same-host", "other-host", "offset-unknown"],
)
def test_markers_of_another_host_are_moved_to_the_clock_of_the_eeg(
    host: str, offset_s: float | None, expected_s: float
) -> None:
    """By the offsets that the recorder measured; two streams of one host have one clock already."""
    eeg = xdf_stream("lab", 2.5)
    eeg["info"] |= {"type": ["EEG"], "channel_format": ["float32"]}
    texts = xdf_stream(host, offset_s, time_stamps=[105.0], time_series=[["go", "S 3"]])
    assert shown(marked_events([eeg, texts], eeg)) == [(expected_s, None, "go S 3", None)]


def test_numbers_as_markers_are_values() -> None:
    """Whole ones and others; an empty text is no event."""
    numbers = xdf_stream("lab", None, time_stamps=[1.0, 2.0], time_series=np.array([[3.0], [0.25]]))
    texts = xdf_stream("lab", None, time_stamps=[3.0], time_series=[[""]])
    assert shown(marked_events([numbers, texts], numbers)) == [(1.0, None, "3", 3.0), (2.0, None, "0.25", 0.25)]


def test_the_events_of_a_bids_recording_are_those_beside_it(tmp_path: Path) -> None:
    """They count instead of the file's own."""
    recording = tmp_path / "sub-01_task-rest_eeg.edf"
    recording.write_bytes(edf_plus(["+0.75\x14own\x14\0"], [0.0]))
    assert [event.label for event in read_recording(recording).events] == ["own"]
    (tmp_path / "sub-01_task-rest_events.tsv").write_text(
        "onset\tduration\ttrial_type\tvalue\n0.5\t0.25\tface\t12\n0.75\tn/a\tn/a\t3\nn/a\t0\tx\t1\n0.9\t0\tn/a\tn/a\n",
        encoding="utf-8",
    )
    read = read_recording(recording)
    expected = [(0.5, 0.25, "face", 12.0), (0.75, None, "3", 3.0), (0.9, None, "event", None)]
    assert shown(read.events) == expected
    assert "events are those of sub-01_task-rest_events.tsv" in read.remarks
    assert any("1 rows" in remark for remark in read.remarks)
    assert events_beside(tmp_path / "other_eeg.edf") is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7.0), ("Stimulus/S  1", 1.0), ("R 12", 12.0), ("T0", None), ("0.5", None), ("block 3", None), ("", None)],
)
def test_a_label_that_is_a_number_is_a_value(text: str, value: float | None) -> None:
    """Names that only hold a digit are names."""
    assert labelled(0.0, None, text).value == value


def test_another_rate_moves_the_events_with_the_samples() -> None:
    """An event of the 50th sample stays there."""
    (stream,) = read_edf(HeldBytes(edf_plus(["+0.5\x14x\x14\0", ""], [0.0, 1.0])), "x")
    faster = with_rate(stream, 200.0)
    assert faster.events[0].t_s == pytest.approx(faster.times_s[50], abs=1e-12)


@given(
    st.lists(st.floats(0, 10), max_size=20),
    st.lists(st.tuples(st.integers(1, 99), st.floats(0, 5)), max_size=4),
)
def test_an_event_keeps_its_distance_to_the_sample_before_it(
    times: list[float], holes: list[tuple[int, float]]
) -> None:
    """Whatever pauses are put between the samples; none is lost, and they are in order."""
    before_s = np.arange(100) / 10
    after_s = before_s.copy()
    for first, hole_s in holes:
        after_s[first:] += hole_s
    moved = at_times([FileEvent(t, None, "x") for t in times], before_s, after_s)
    assert [event.t_s for event in moved] == sorted(event.t_s for event in moved)
    expected = []
    for t in times:
        sample = max(0, int(np.searchsorted(before_s, t + 1e-6, side="right")) - 1)
        expected.append(after_s[sample] + (t - before_s[sample]))
    np.testing.assert_allclose(sorted(expected), [event.t_s for event in moved], atol=1e-9)


REAL = {
    "eegmmidb/S001R04.edf": "read_raw_edf",
    "eegmmidb/eegmmidb_128Hz_overlapping_annotations.edf": "read_raw_edf",
    "openbci_cosleep/cosleep_125Hz.bdf": "read_raw_bdf",
    "neuroscan_1000/neuroscan_1000Hz.vhdr": "read_raw_brainvision",
    "ssvep_exo/subject01.gdf": "read_raw_gdf",
}


@pytest.mark.parametrize("name", list(REAL))
def test_real_events_are_those_that_mne_finds(dev: Path, name: str) -> None:
    """The same names at the same times, to a tenth of a millisecond."""
    mne = pytest.importorskip("mne")
    from eegstream.files.third_party import quietly  # noqa: PLC0415

    with quietly():
        raw = getattr(mne.io, REAL[name])(dev / name, verbose="ERROR")
    recording: Recording = read_recording(dev / name)
    last_s = raw.times[-1]
    ours = [(event.t_s, event.label.split()) for event in recording.events if event.t_s <= last_s]
    theirs = [(note["onset"], note["description"].split()) for note in raw.annotations]
    theirs = [(onset, text) for onset, text in theirs if "New Segment" not in " ".join(text)]
    assert [text for _, text in ours] == [text for _, text in theirs]
    np.testing.assert_allclose([t for t, _ in ours], [t for t, _ in theirs], atol=1e-4)


def test_the_markers_of_a_real_xdf_are_every_five_seconds(dev: Path) -> None:
    """A text stream beside the EEG, stamped by the same clock."""
    pytest.importorskip("pyxdf")
    recording = read_recording(dev / "xdf" / "eegmmidb_S001R02_16ch_30s_made.xdf")
    assert [event.label for event in recording.events] == ["eyes-closed"] * 5
    np.testing.assert_allclose([event.t_s for event in recording.events], [5, 10, 15, 20, 25], atol=1e-3)


def test_the_first_seconds_have_their_events_alone() -> None:
    """What lies behind the last sample that is taken is left out."""
    events = (FileEvent(0.25, None, "a"), FileEvent(1.5, None, "b"))
    recording = Recording(
        name="x",
        source_id="",
        rate_hz=100.0,
        labels=("Cz",),
        types=("EEG",),
        units=("microvolts",),
        pieces=HeldSamples(np.zeros((1, 200), np.float32)),
        times_s=np.arange(200) / 100,
        remarks=(),
        events=events,
    )
    assert first_seconds(recording, 1.0).events == events[:1]
    assert first_seconds(recording, 2.0).events == events
