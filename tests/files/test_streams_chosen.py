"""Which streams of a file are read, at which rate, by the rule and by the user's say."""

from pathlib import Path

import numpy as np
import pytest

from eegstream.dsp.channels import ChannelChoice
from eegstream.errors import RecordingError
from eegstream.files.recordings import read_recording, read_recordings
from tests.files.written import EdfSignal, XdfStream, edf_bytes, write_brainvision, xdf_bytes


def labelled(*labels: str) -> str:
    """The description of channels in microvolts."""
    return "".join(f"<channel><label>{label}</label><unit>microvolts</unit></channel>" for label in labels)


def noise(n: int, n_channels: int = 2, seed: int = 0) -> np.ndarray:
    return 20 * np.random.default_rng(seed).normal(size=(n, n_channels))


def edf(path: Path, rates: dict[str, int], units: dict[str, str] | None = None) -> Path:
    """An EDF of 10 s whose channels have these rates."""
    signals = [
        EdfSignal(label, np.random.default_rng(n).integers(-300, 300, 10 * rate), rate, (units or {}).get(label, "uV"))
        for n, (label, rate) in enumerate(rates.items())
    ]
    path.write_bytes(edf_bytes(signals))
    return path


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """Two people, and the markers of their task."""
    path = tmp_path / "pair.xdf"
    path.write_bytes(
        xdf_bytes(
            [
                XdfStream("A", "EEG", noise(500), labelled("Fp1", "Cz")),
                XdfStream("B", "EEG", noise(400, seed=1), labelled("Fp1", "Cz")),
                XdfStream("Motion", "Accelerometer", noise(300, 3), labelled("x", "y", "z")),
            ]
        )
    )
    return path


def test_both_people_of_a_pair_are_read(pair: Path) -> None:
    """Each has a name and an identity of their own, and the file's other streams are told."""
    a, b = read_recordings(pair)
    assert (a.name, b.name) == ("pair-A", "pair-B")
    assert a.source_id != b.source_id
    assert a.source_id.startswith("file:")
    assert (a.samples.shape, b.samples.shape) == ((2, 500), (2, 400))
    assert any("Motion (type Accelerometer) was left out" in remark for remark in a.remarks)
    with pytest.raises(RecordingError, match=r"2 streams of EEG \(pair-A, pair-B\). Name one with --stream"):
        read_recording(pair)


@pytest.mark.parametrize("stream", ["B", "b", "2"])
def test_one_of_several_is_chosen_by_name_or_number(pair: Path, stream: str) -> None:
    """It is called as it would be among the others."""
    (only,) = read_recordings(pair, stream=stream)
    assert only.name == "pair-B"
    assert only.source_id == read_recordings(pair)[1].source_id


def test_a_stream_that_is_not_there_is_told(pair: Path) -> None:
    """The refusal lists what there is."""
    with pytest.raises(RecordingError, match=r"no stream 'C' \(A \(type EEG, 2 channels\), B .*, Motion .*\)"):
        read_recordings(pair, stream="C")


@pytest.mark.parametrize("kind", ["Data", "signal", "EXG"])
def test_a_stream_of_another_type_is_read_when_it_is_named(tmp_path: Path, kind: str) -> None:
    """By itself it is refused, with the option that takes it."""
    path = tmp_path / "unicorn.xdf"
    path.write_bytes(xdf_bytes([XdfStream("UN-1", kind, noise(500), labelled("EEG 1", "EEG 2"))]))
    with pytest.raises(RecordingError, match=rf"holds no stream of type EEG .*type {kind}.*--stream"):
        read_recordings(path)
    (recording,) = read_recordings(path, stream="UN-*")
    assert (recording.name, recording.types) == ("unicorn", ("EEG", "EEG"))


def test_the_rate_of_the_eeg_counts_not_of_most_channels(tmp_path: Path) -> None:
    """Eight slow channels do not outvote two electrodes."""
    slow = dict.fromkeys(["SpO2", "Sound", "Flow", "Sum", "ribcage", "abdo", "BodyPos", "Pulse"], 8)
    recording = read_recording(edf(tmp_path / "night.edf", {"EMG": 64, "C3A2": 128, "C4A1": 128, **slow}))
    assert recording.rate_hz == 128
    assert recording.types == ("EEG", "EEG")
    (remark,) = [remark for remark in recording.remarks if "another rate" in remark]
    assert "EMG (64 Hz), SpO2 (8 Hz)" in remark


def test_eeg_at_two_rates_is_two_streams(tmp_path: Path) -> None:
    """Neither is lost, and each keeps its own rate."""
    fast, slow = read_recordings(edf(tmp_path / "two.edf", {"Fp1": 512, "Cz": 256, "ECG": 256}))
    assert (fast.name, fast.rate_hz, fast.labels) == ("two-512 Hz", 512, ("Fp1",))
    assert (slow.name, slow.rate_hz, slow.labels) == ("two-256 Hz", 256, ("Cz", "ECG"))


def test_slow_channels_beside_eeg_are_none(tmp_path: Path) -> None:
    """A trend at 1 Hz is no EEG, whatever it is called; by itself it is what there is."""
    assert read_recording(edf(tmp_path / "a.edf", {"Cz": 256, "Trend": 1})).labels == ("Cz",)
    assert read_recording(edf(tmp_path / "b.edf", {"Trend": 20})).rate_hz == 20


def test_the_users_channels_decide_which_streams_are_read(tmp_path: Path) -> None:
    """Who asks for the heart gets its rate."""
    path = edf(tmp_path / "night.edf", {"Cz": 256, "ECG": 200, "Resp": 32})
    (recording,) = read_recordings(path, choice=ChannelChoice.of("ecg*"))
    assert (recording.rate_hz, recording.labels) == (200, ("ECG",))


def test_channels_are_judged_over_all_rates_of_a_file(tmp_path: Path) -> None:
    """A label that names nothing, without a unit, is no EEG beside electrodes of another rate that state theirs."""
    path = edf(tmp_path / "a.edf", {"Cz": 256, "Strange": 64}, {"Strange": ""})
    assert read_recording(path).labels == ("Cz",)


def test_a_file_without_eeg_tells_the_fate_of_each_channel(tmp_path: Path) -> None:
    """The refusal says why, and how to take one all the same."""
    with pytest.raises(
        RecordingError, match=r"no EEG channel \(ECG: its label says ECG; .*\). Name the EEG channels with --ch"
    ):
        read_recording(edf(tmp_path / "a.edf", {"ECG": 256, "Resp": 32}))


def test_a_rate_for_several_streams_needs_to_say_which(pair: Path) -> None:
    """One number cannot be meant for both."""
    with pytest.raises(RecordingError, match=r"--rate gives 250 Hz, but pair\.xdf holds 2 streams"):
        read_recordings(pair, rate_hz=250)
    (chosen,) = read_recordings(pair, rate_hz=250, stream="B")
    assert chosen.rate_hz == 250
    assert [r.rate_hz for r in read_recordings(pair, rate_hz=100)] == [100, 100]


def test_a_pause_of_unknown_length_counts_as_a_second(tmp_path: Path) -> None:
    """Timestamps cannot say "unknown": the step makes a border, live as offline, and the remark says what it is."""
    recording = read_recording(write_brainvision(tmp_path, ["New Segment,,1,1,0", "New Segment,,501,1,0"]))
    assert recording.pauses == (500,)
    steps_s = np.diff(recording.times_s)
    assert steps_s[499] == pytest.approx(1 + 1 / 250)
    np.testing.assert_allclose(np.delete(steps_s, 499), 1 / 250)
    assert "times count each pause of unknown length as 1 s" in recording.remarks
