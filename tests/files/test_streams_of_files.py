"""A file may hold several streams: each rate, and each stream of its recorder, is one; which is EEG is told later."""

from pathlib import Path

import numpy as np
import pytest

from eegstream.errors import RecordingError
from eegstream.files.edf import read_edf
from eegstream.files.file_bytes import HeldBytes, bytes_of
from eegstream.files.formats import read_signals
from eegstream.files.gdf import read_gdf
from eegstream.files.signals import Signals, regular_times_s, with_rate
from eegstream.files.xdf import read_xdf
from tests.files.written import EdfSignal, XdfStream, edf_bytes, everything, gdf_bytes, steps, xdf_bytes

MIXED = [
    EdfSignal("SpO2", steps(1, 80, 1)[0], 8, "%"),
    EdfSignal("C3A2", steps(1, 1280, 2)[0], 128),
    EdfSignal("Flow", steps(1, 80, 3)[0], 8, ""),
    EdfSignal("C4A1", steps(1, 1280, 4)[0], 128),
    EdfSignal("EMG", steps(1, 640, 5)[0], 64),
]


@pytest.mark.parametrize("bdf", [False, True])
def test_each_rate_is_a_stream(bdf: bool) -> None:
    """Signals of one rate stay together, in the order of the file, each with its own samples and times."""
    streams = read_edf(HeldBytes(edf_bytes(MIXED, bdf=bdf)), "a.edf")
    assert [(stream.name, stream.rate_hz) for stream in streams] == [("8 Hz", 8), ("128 Hz", 128), ("64 Hz", 64)]
    assert [stream.labels for stream in streams] == [("SpO2", "Flow"), ("C3A2", "C4A1"), ("EMG",)]
    assert streams[0].units == ("%", "")
    np.testing.assert_allclose(everything(streams[1])[1], MIXED[3].samples / (1 if bdf else 10), atol=1e-6)
    np.testing.assert_array_equal(streams[2].times_s, np.arange(640) / 64)


def test_one_rate_needs_no_name() -> None:
    """Most files hold one stream, which nobody has to name."""
    (stream,) = read_edf(HeldBytes(edf_bytes(MIXED[1:2])), "a.edf")
    assert stream.name == ""


def test_without_record_duration_the_rate_is_that_of_most_signals() -> None:
    """`--rate` is meant for the largest group, the faster of two, and the others follow from it."""
    streams = read_edf(HeldBytes(edf_bytes(MIXED, duration="0")), "a.edf", rate_hz=256)
    assert [stream.rate_hz for stream in streams] == [16, 256, 128]
    with pytest.raises(RecordingError, match="--rate"):
        read_edf(HeldBytes(edf_bytes(MIXED, duration="0")), "a.edf")


def test_each_rate_of_gdf_is_a_stream() -> None:
    """GDF has a rate for each channel, too."""
    values = [np.arange(count, dtype=np.float32) for count in (200, 50, 200)]
    streams = read_gdf(gdf_bytes(values, [100, 25, 100]), "a.gdf")
    assert [(stream.name, stream.labels) for stream in streams] == [("100 Hz", ("C1", "C3")), ("25 Hz", ("C2",))]
    np.testing.assert_array_equal(everything(streams[1])[0], values[1])
    assert len(streams[0].times_s) == 200


def made(times_s: np.ndarray, *, timestamped: bool = False) -> Signals:
    """A stream of one channel at 100 Hz."""
    return Signals(
        100.0, ("Cz",), ("",), ("",), lambda start, stop: np.zeros((1, stop - start)), times_s, timestamped=timestamped
    )


def test_a_given_rate_holds_and_both_are_named() -> None:
    """Samples are counted anew; a hole keeps its seconds."""
    times_s = regular_times_s(300, 100.0)
    times_s[200:] += 5
    stream = with_rate(made(times_s), 200.0)
    assert stream.rate_hz == 200.0
    expected = regular_times_s(300, 200.0)
    expected[200:] += 5
    np.testing.assert_allclose(stream.times_s, expected, atol=1e-9)
    assert "200 Hz" in stream.remarks[0]
    assert "100 Hz" in stream.remarks[0]


def test_timestamps_are_not_counted_anew() -> None:
    """What a clock said stays, whatever the rate is taken to be."""
    times_s = regular_times_s(300, 100.0)
    stream = with_rate(made(times_s, timestamped=True), 200.0)
    assert stream.rate_hz == 200.0
    np.testing.assert_array_equal(stream.times_s, times_s)


@pytest.mark.parametrize("rate_hz", [None, 100.0, 100.0 + 1e-9])
def test_the_same_rate_changes_nothing(rate_hz: float | None) -> None:
    """A rate that agrees is no remark."""
    stream = made(regular_times_s(300, 100.0))
    assert with_rate(stream, rate_hz) is stream


def test_a_given_rate_holds_for_files_of_one_stream_only(tmp_path: Path) -> None:
    """Of several streams the reader cannot know which is meant."""
    path = tmp_path / "a.edf"
    path.write_bytes(edf_bytes(MIXED[1:2]))
    assert read_signals(bytes_of(path), path, 256.0)[0].rate_hz == 256.0
    path.write_bytes(edf_bytes(MIXED))
    assert [stream.rate_hz for stream in read_signals(bytes_of(path), path, 256.0)] == [8, 128, 64]


def xdf(folder: Path, *streams: XdfStream) -> Path:
    """A file of these streams."""
    path = folder / "a.xdf"
    path.write_bytes(xdf_bytes(streams))
    return path


def noise(n_samples: int = 300, n_channels: int = 2) -> np.ndarray:
    """Numbers (T, C)."""
    return np.random.default_rng(n_samples).normal(0, 20, (n_samples, n_channels)).astype(np.float32)


def test_each_stream_of_xdf_is_one(tmp_path: Path) -> None:
    """All streams of numbers come, in their order, with what the file calls them; markers and empty ones do not."""
    pytest.importorskip("pyxdf")
    people = XdfStream("Amp", "EEG", noise(300)), XdfStream("Amp", "EEG", noise(250)), XdfStream("Amp", "ACC", noise(9))
    others = XdfStream("UN-2019", "Data", noise(200, 8)), XdfStream("M", "Markers", noise(5, 1), rate_hz=0)
    streams = read_xdf(xdf(tmp_path, *people, *others, XdfStream("none", "EEG", noise(0))))
    assert [(stream.name, stream.kind) for stream in streams] == [
        ("Amp (EEG) 1", "EEG"),
        ("Amp (EEG) 2", "EEG"),
        ("Amp (ACC)", "ACC"),
        ("UN-2019", "Data"),
    ]
    np.testing.assert_array_equal(everything(streams[1])[1], people[1].samples[:, 1])
    assert all(stream.timestamped for stream in streams)


def test_channels_of_xdf_may_be_described_in_other_words(tmp_path: Path) -> None:
    """`name` for `label`, `units` for `unit`, and steps of an amplifier with the microvolts in a step."""
    pytest.importorskip("pyxdf")
    described = (
        "<channel><name>Fp1</name><units>microvolts</units><type>EEG</type></channel>"
        "<channel><label>Cz</label><unit>INT_16</unit><scalingfactor>0.1</scalingfactor></channel>"
        "<channel><label>Oz</label><unit>counts</unit><resolution>0.0488281</resolution></channel>"
        "<channel><label>x</label><unit>microvolts</unit><scaling_factor>10</scaling_factor></channel>"
    )
    (stream,) = read_xdf(xdf(tmp_path, XdfStream("a", "EEG", noise(300, 5), described)))
    assert stream.labels == ("Fp1", "Cz", "Oz", "x", "")
    assert stream.units == ("microvolts", "0.1uV", "0.0488281uV", "microvolts", "")
    assert stream.types[0] == "EEG"
    assert any("1 channels state a factor" in remark for remark in stream.remarks)


def test_rates_of_xdf(tmp_path: Path) -> None:
    """Stated, else given, else that of the timestamps; a given one overrides that of the only EEG stream."""
    pytest.importorskip("pyxdf")
    two = XdfStream("a", "EEG", noise(), rate_hz=256), XdfStream("b", "Gaze", noise(), rate_hz=0)
    assert [stream.rate_hz for stream in read_xdf(xdf(tmp_path, *two))] == [256, 100]
    overridden, filled = read_xdf(xdf(tmp_path, *two), 128.0)
    assert (overridden.rate_hz, filled.rate_hz) == (128, 128)
    assert any("128 Hz" in remark and "256 Hz" in remark for remark in overridden.remarks)
    people = XdfStream("a", "EEG", noise(), rate_hz=256), XdfStream("b", "EEG", noise(), rate_hz=256)
    assert [stream.rate_hz for stream in read_xdf(xdf(tmp_path, *people), 128.0)] == [256, 256]


def test_a_stream_without_any_rate_is_told(tmp_path: Path) -> None:
    """One sample has no rate: the stream is left out, or where it is the only one the file is refused."""
    pytest.importorskip("pyxdf")
    lonely = XdfStream("Gaze", "Gaze", noise(1), rate_hz=0)
    (stream,) = read_xdf(xdf(tmp_path, XdfStream("a", "EEG", noise()), lonely))
    assert any("left out" in remark and "Gaze" in remark for remark in stream.remarks)
    with pytest.raises(RecordingError, match="--rate"):
        read_xdf(xdf(tmp_path, lonely))


def test_a_file_without_numbers_says_what_it_holds(tmp_path: Path) -> None:
    """Names and types of all streams stand in the refusal."""
    pytest.importorskip("pyxdf")
    with pytest.raises(RecordingError, match=r"no numeric stream with samples .* M \(type Markers\)"):
        read_xdf(xdf(tmp_path, XdfStream("M", "Markers", noise(5, 1))))


@pytest.mark.parametrize("name", ["rec.xdfz", "rec.xdf.gz", "rec.bin"])
def test_the_name_of_unpacked_xdf_does_not_matter(tmp_path: Path, name: str) -> None:
    """A file that was unpacked under its packed name is not unpacked twice."""
    pytest.importorskip("pyxdf")
    path = xdf(tmp_path, XdfStream("a", "EEG", noise())).rename(tmp_path / name)
    assert len(read_signals(bytes_of(path), path, None)) == 1
