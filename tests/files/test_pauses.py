"""A pause of known length is a hole in the times; of an unknown one only its place is told."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eegstream.files.biosemi import epoch_starts
from eegstream.files.brainvision import read_brainvision
from eegstream.files.edf import read_edf
from eegstream.files.file_bytes import HeldBytes, bytes_of
from eegstream.files.formats import read_signals
from eegstream.files.gdf import read_gdf
from eegstream.files.signals import Signals
from tests.files.written import (
    RATE_HZ,
    EdfSignal,
    edf_bytes,
    everything,
    gdf_bytes,
    gdf_events,
    steps,
    write_brainvision,
    write_eeglab,
    write_mff,
    write_nihon,
    write_persyst,
)

FIRST = "New Segment,,1,1,0,20240101100000000000"


def times_with(holes_s: dict[int, float], n_samples: int = 1000, rate_hz: float = RATE_HZ) -> np.ndarray:
    """Times (T,) with holes of so many seconds before these samples."""
    times_s = np.arange(n_samples) / rate_hz
    for first, hole_s in holes_s.items():
        times_s[first:] += hole_s
    return times_s


def brainvision(folder: Path, marks: Sequence[str] | None, header_ending: str = ".vhdr") -> Signals:
    """BrainVision of 4 s with these marks, as read."""
    path = write_brainvision(folder, marks, header_ending)
    return read_brainvision(path.read_bytes(), path)[0]


def test_dated_segments_tell_how_long_a_pause_was(tmp_path: Path) -> None:
    """The time between two segments' dates, less that of the samples, to the microsecond."""
    marks = [FIRST, "Stimulus,S\\1 1,20,1,0", "New Segment,,501,1,0,20240101100010000000"]
    stream = brainvision(tmp_path, [*marks, "New Segment,Comment\\1 x,751,1,0,20240101100013000004"])
    np.testing.assert_allclose(stream.times_s, times_with({500: 8.0, 750: 2.000004}), atol=1e-9)
    assert stream.pauses == ()
    assert any("2 pauses" in remark for remark in stream.remarks)
    np.testing.assert_allclose(everything(stream)[2], steps()[2] / 10)


@pytest.mark.parametrize(
    "mark",
    [
        "New Segment,,501,1,0",
        "New Segment,,501,1,0,00000000000000000000",
        "New Segment,,501,1,0,20240101100000000001",
        "New Segment,,501,1,0,20230101100000000000",
        "New Segment,,501,1,0,20240101100002000000",
        "New Segment,,501,1,0,20249901100002000000",
    ],
    ids=["no-date", "zeros", "shorter-than-the-data", "earlier", "no-time-lost", "no-such-date"],
)
def test_segments_whose_dates_do_not_tell_are_borders(tmp_path: Path, mark: str) -> None:
    """Where the dates are missing, or contradict the samples, only the place of the pause is known."""
    stream = brainvision(tmp_path, [FIRST, mark])
    assert stream.pauses == (500,)
    np.testing.assert_array_equal(stream.times_s, times_with({}))
    assert any("unknown length" in remark for remark in stream.remarks)


def test_a_segment_at_the_first_sample_is_no_pause(tmp_path: Path) -> None:
    """Every recording begins with one."""
    stream = brainvision(tmp_path, [FIRST])
    assert (stream.pauses, stream.remarks) == ((), ())


def test_marks_behind_the_end_are_told(tmp_path: Path) -> None:
    """A mark at a place without a sample makes no pause."""
    stream = brainvision(tmp_path, [FIRST, "New Segment,,9999,1,0", "New Segment,,x,1,0"])
    assert stream.pauses == ()
    assert sum("there is no such sample" in remark for remark in stream.remarks) == 2


def test_a_missing_marker_file_is_told(tmp_path: Path) -> None:
    """The samples are read; that pauses are not known is said."""
    stream = brainvision(tmp_path, None)
    assert any("rec.vmrk is not in the header's folder" in remark for remark in stream.remarks)


def test_analyzer_headers_are_read(tmp_path: Path) -> None:
    """An .ahdr with its .amrk is a recording as well."""
    stream = brainvision(tmp_path, [FIRST, "New Segment,,501,1,0"], ".ahdr")
    assert stream.pauses == (500,)


EPOCH, IN_RANGE = 1 << 16, 1 << 20


def bdf(status: np.ndarray, label: str = "Status") -> list[Signals]:
    """BDF of a fast and a slow signal and this status (T,) at 256 Hz, as read."""
    n = len(status)
    signals = [EdfSignal("A1", steps(1, n)[0], 256), EdfSignal("Resp", steps(1, n // 8)[0], 32)]
    return read_edf(HeldBytes(edf_bytes([*signals, EdfSignal(label, status, 256, "Boolean")], bdf=True)), "a.bdf")


def status_with(epochs: Sequence[int], n_samples: int = 2048) -> np.ndarray:
    """Status (T,) of BioSemi with the trigger 255 all along; the sign bit is set on half of the samples."""
    status = np.full(n_samples, IN_RANGE | 255)
    status[::2] -= 1 << 23
    status[list(epochs)] |= EPOCH
    return status


def test_new_epochs_of_biosemi_are_borders() -> None:
    """The bit says where the recorder began anew, not how long it had stopped; every rate has the border."""
    fast, slow = bdf(status_with([0, 1024, 1801]))
    assert (fast.pauses, slow.pauses) == ((1024, 1801), (128, 226))
    np.testing.assert_array_equal(fast.times_s, times_with({}, 2048, 256))
    assert any("2 new epochs" in remark for remark in fast.remarks)


@pytest.mark.parametrize(
    "status",
    [status_with([0]), status_with([]), status_with(range(2048)), status_with(range(0, 2048, 2))],
    ids=["first-only", "never", "always", "alternating"],
)
def test_a_bit_that_marks_no_epoch_makes_no_border(status: np.ndarray) -> None:
    """The first epoch is none; nor is a bit that is always set, or that changes all the time."""
    assert bdf(status)[0].pauses == ()


def test_a_bit_that_changes_all_the_time_is_told() -> None:
    """Some recorders use it otherwise: nothing is made of that, but it is said."""
    starts, remarks = epoch_starts(status_with(range(0, 2048, 2)))
    assert (len(starts), len(remarks)) == (0, 1)


def test_a_bit_that_stays_set_says_it_once() -> None:
    """What counts is that it rises."""
    assert bdf(status_with(range(1024, 2048)))[0].pauses == (1024,)


def test_only_the_status_channel_marks_epochs() -> None:
    """In any other channel the bit is a part of a number."""
    assert bdf(status_with([0, 1024]), label="A2")[0].pauses == ()


def test_a_pause_that_an_onset_tells_is_no_border() -> None:
    """Where the records' onsets show a hole, the length of the pause is known."""
    from eegstream.files.edf import _known_nowhere  # noqa: PLC0415

    first = np.array([0, 300, 500, 1000])
    assert _known_nowhere(first, times_with({500: 8.0}), RATE_HZ) == (300,)


@pytest.mark.parametrize("own_hz", [100.0, 0.0, 200.0])
def test_segments_of_gdf_are_borders(own_hz: float) -> None:
    """The table of events counts at its own rate, or at that of the fastest channel; every rate has the border."""
    values = [np.zeros(count, np.float32) for count in (400, 100)]
    scale = own_hz / 100 if own_hz else 1
    positions = [1, round(200 * scale) + 1, round(301 * scale) + 1]
    events = gdf_events([*positions, 7], [0x7FFE] * 3 + [769], own_hz)
    fast, slow = read_gdf(gdf_bytes(values, [100, 25], events), "a.gdf")
    assert (fast.pauses, slow.pauses) == ((200, 301), (50, 76))
    assert any("2 segments" in remark for remark in fast.remarks)
    (cut, _) = read_gdf(gdf_bytes(values, [100, 25], events[:-8]), "a.gdf")
    assert cut.pauses == ()
    assert any("cut off" in remark for remark in cut.remarks)


def test_stretches_of_nihon_kohden_are_borders(tmp_path: Path) -> None:
    """Its blocks do not say how far apart they are."""
    pytest.importorskip("mne")
    path = write_nihon(tmp_path, blocks=2)
    (stream,) = read_signals(bytes_of(path), path, None)
    assert stream.pauses == (500,)


@pytest.mark.parametrize(
    ("times", "holes_s", "pauses"),
    [
        ("0=36000\n500=36010", {500: 8.0}, ()),
        ("0=86399\n500=4", {500: 3.0}, ()),
        ("0=36000\n250=36001.1\n500=36002.1", {}, ()),
        ("0=36000\n500=35990", {}, (500,)),
        ("0=36000\n5000=36100", {}, ()),
    ],
    ids=["pause", "midnight", "clocks-differ", "back", "of-another-file"],
)
def test_sample_times_of_persyst(
    tmp_path: Path, times: str, holes_s: dict[int, float], pauses: tuple[int, ...]
) -> None:
    """The time of day at the first sample of each stretch tells the pauses between them."""
    path = write_persyst(tmp_path)
    path.write_text(path.read_text() + f"[SampleTimes]\n{times}\n")
    (stream,) = read_signals(bytes_of(path), path, None)
    np.testing.assert_allclose(stream.times_s, times_with(holes_s), atol=1e-9)
    assert stream.pauses == pauses


def raw_of(n_samples: int = 1000) -> Any:
    """A recording of MNE-Python with three electrodes."""
    mne = pytest.importorskip("mne")
    info = mne.create_info(["Fp1", "Cz", "Oz"], RATE_HZ, "eeg")
    return mne.io.RawArray(steps(3, n_samples) * 1e-7, info, verbose="ERROR")


def test_joined_pieces_of_fif_are_borders(tmp_path: Path) -> None:
    """MNE-Python marks where it joined recordings, not what lay between; two marks of a place are one border."""
    mne = pytest.importorskip("mne")
    joined = mne.concatenate_raws([raw_of(500), raw_of(300), raw_of(200)], verbose="ERROR")
    joined.save(tmp_path / "a_raw.fif", verbose="ERROR")
    (stream,) = read_signals(bytes_of(tmp_path / "a_raw.fif"), tmp_path / "a_raw.fif", None)
    assert stream.pauses == (500, 800)
    np.testing.assert_array_equal(stream.times_s, times_with({}))


def test_skips_of_fif_are_holes(tmp_path: Path) -> None:
    """What was never acquired is no sample; a border behind it keeps its place among those that are."""
    mne = pytest.importorskip("mne")
    joined = mne.concatenate_raws([raw_of(500), raw_of(500)], verbose="ERROR")
    joined.set_annotations(joined.annotations + mne.Annotations([0.4], [0.8], ["BAD_ACQ_SKIP"]))
    joined.save(tmp_path / "a_raw.fif", verbose="ERROR")
    (stream,) = read_signals(bytes_of(tmp_path / "a_raw.fif"), tmp_path / "a_raw.fif", None)
    np.testing.assert_allclose(stream.times_s, np.delete(np.arange(1000), range(100, 300)) / RATE_HZ)
    assert stream.pauses == (300,)
    assert len(everything(stream)[0]) == len(stream.times_s)
    np.testing.assert_array_equal(stream.read(90, 310), everything(stream)[:, 90:310])


def test_boundaries_of_eeglab_are_as_long_as_what_was_cut_out(tmp_path: Path) -> None:
    """A boundary counts the samples that were there; where it does not, only its place is known."""
    events = [
        {"type": "boundary", "latency": 0.5, "duration": 100.0},
        {"type": "square", "latency": 20.0, "duration": 1.0},
        {"type": "boundary", "latency": 250.5, "duration": 500.0},
        {"type": "boundary", "latency": 500.5, "duration": float("nan")},
        {"type": "boundary", "latency": 750.5},
        {"type": "boundary", "latency": 900.0, "duration": 2500.0},
    ]
    pytest.importorskip("mne")
    path = write_eeglab(tmp_path, events)
    (stream,) = read_signals(bytes_of(path), path, None)
    np.testing.assert_allclose(stream.times_s, times_with({250: 2.0, 899: 10.0}), atol=1e-9)
    assert stream.pauses == (500, 750)
    np.testing.assert_allclose(everything(stream)[1] * 1e6, steps()[1] / 10, atol=1e-6)
    assert not any("the reader says" in remark for remark in stream.remarks), stream.remarks


def test_epochs_of_mff_are_apart(tmp_path: Path) -> None:
    """EGI's folder says when each stretch begins: the zeros that MNE-Python puts between are no samples."""
    pytest.importorskip("mne")
    pytest.importorskip("mffpy")
    path = write_mff(tmp_path, pause_samples=101)
    (stream,) = read_signals(bytes_of(path), path, None)
    np.testing.assert_allclose(stream.times_s, times_with({500: 101 / RATE_HZ}), atol=1e-9)
    np.testing.assert_allclose(everything(stream)[0] * 1e6, steps(33)[0] / 10, rtol=1e-5)
