"""Recordings come in as microvolts, with their own rate, holes and labels."""

import gzip
import hashlib
import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from eegstream.dsp.channels import ChannelChoice, select_channels
from eegstream.dsp.frontend import FrontEndSettings
from eegstream.errors import RecordingError
from eegstream.files.recordings import Recording, read_recording
from eegstream.pipeline import PipelineSettings, StreamPipeline

MakeEdf = Callable[..., bytes]

COUNTED_OTHERWISE = {
    # The table counts the external electrodes EXG1, EXG5, EXG8 as EEG and the mastoids as not; the rule the other way.
    "biosemi/biosemi_2048Hz_72ch_1s.bdf": 66,
    # The stream states type "eeg" for its spare electrode AUX_RIGHT, and stated types decide.
    "xdf/MuseLSL2_P001.xdf": 4,
    "xdf/MuseLSL2_P050.xdf": 4,
}


def eeg_uv(recording: Recording) -> NDArray[np.float32]:
    """EEG channels (K, T) of a recording."""
    return recording.samples[[kind == "EEG" for kind in recording.types]]


def digital(n_channels: int = 2, n_samples: int = 500) -> NDArray[np.int16]:
    """Made-up numbers (C, T) as an amplifier would give them."""
    return np.random.default_rng(1).integers(-3000, 3000, (n_channels, n_samples)).astype(np.int16)


def write(folder: Path, name: str, content: str | bytes) -> Path:
    """A file of that content."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def mne_uv(path: Path, labels: tuple[str, ...]) -> NDArray[np.float64]:
    """What MNE-Python makes of a file, in microvolts."""
    mne = pytest.importorskip("mne")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        raw = mne.io.read_raw(path, preload=True, verbose="ERROR")
    values: NDArray[np.float64] = raw.get_data()
    return 1e6 * values[[raw.ch_names.index(label) for label in labels]]


def remark_of(recording: Recording) -> str | None:
    """What the signal path says of the amplitude."""
    selection = select_channels(recording.labels, recording.types, recording.units)
    settings = PipelineSettings(FrontEndSettings(None, 0.5, None), patch=64, hop=64, amplitude_uv=1e9)
    scale = np.array(recording.file_scale)[list(selection.kept)]
    pipeline = StreamPipeline(settings, recording.rate_hz, selection, stated_scale=scale)
    some = slice(0, round(6 * recording.rate_hz))
    pipeline.push(recording.samples[:, some], recording.times_s[some], 0.0)
    pipeline.finish("gone")
    return pipeline.remark


def test_real_recordings_have_the_rate_channels_and_units_of_the_table(dev: Path, dev_entry: dict[str, Any]) -> None:
    """Every recording opens with its rate, its EEG channels and amplitudes of the right power of ten."""
    recording = read_recording(dev / dev_entry["path"])
    eeg = eeg_uv(recording).astype(np.float64)
    assert recording.rate_hz == dev_entry["rate_hz"]
    assert len(eeg) == COUNTED_OTHERWISE.get(dev_entry["path"], dev_entry["n_eeg"])
    assert recording.source_id == f"file:{dev_entry['sha256'][:16]}"
    assert recording.times_s[0] == 0
    assert np.ptp(recording.times_s) == pytest.approx(dev_entry["seconds"], rel=0.01, abs=0.02)
    thousandfold = dev_entry["units"].endswith("x1000 needed")
    assert ("the numbers look like" in (remark_of(recording) or "")) == thousandfold
    sos = butter(4, (1, 40), "bandpass", fs=recording.rate_hz, output="sos")
    filtered = sosfiltfilt(sos, eeg - eeg.mean(axis=1, keepdims=True), axis=1)
    middle = np.median(1.4826 * np.median(np.abs(filtered - np.median(filtered, axis=1, keepdims=True)), axis=1))
    expected = dev_entry["check"]["robust_std_uv_1_40hz_median"] / (1000 if thousandfold else 1)
    assert 0.5 < middle / expected < 2  # the table's own filter is not known; a wrong unit is a factor of 1000


@pytest.mark.parametrize(
    "name",
    [
        "eegmat/Subject00_1.edf",
        "eegmmidb/S001R01.edf",
        "eegmmidb/eegmmidb_128Hz_overlapping_annotations.edf",
        "biosemi/biosemi_512Hz_138ch.edf",
        "biosemi/biosemi_2048Hz_72ch_1s.bdf",
        "openbci_cosleep/cosleep_125Hz.bdf",
        "sleep_edf/SC4001_short_psg.edf",
        "neuroscan_1000/neuroscan_1000Hz.vhdr",
        "ssvep_exo/subject01.gdf",
        "ssvep_exo/subject07_raw.fif",
        "yasa_rest/data_resting_EO_200Hz_raw.fif",
    ],
)
def test_decoded_numbers_are_those_of_mne(dev: Path, name: str) -> None:
    """Where MNE-Python reads a file rightly, ours are its numbers to the last bit of float32."""
    recording = read_recording(dev / name)
    labels = tuple(label for label, kind in zip(recording.labels, recording.types, strict=True) if kind == "EEG")
    expected = mne_uv(dev / name, labels).astype(np.float32)
    np.testing.assert_array_max_ulp(eeg_uv(recording), expected, maxulp=1)


def test_edf_numbers_units_and_times(tmp_path: Path, edf_bytes: MakeEdf) -> None:
    """Each channel is scaled by its own unit; a stream of known units is in microvolts."""
    content = edf_bytes(digital(3), labels=["Fp1", "EEG Cz-Ref", "ECG"], units=["uV", "mV", "V"])
    recording = read_recording(write(tmp_path, "night.edf", content))
    expected = digital(3) * 0.1 * np.array([[1.0], [1e3], [1e6]])
    np.testing.assert_allclose(recording.samples, expected, rtol=1e-6, atol=1e-6)
    assert recording.samples.dtype == np.float32
    assert recording.labels == ("Fp1", "EEG Cz-Ref", "ECG")
    assert recording.types == ("EEG", "EEG", "ECG")
    assert recording.units == ("microvolts",) * 3
    np.testing.assert_array_equal(recording.times_s, np.arange(500) / 100.0)
    assert recording.name == "night"
    assert recording.source_id == "file:" + hashlib.sha256(content).hexdigest()[:16]


def test_raw_units_leave_numbers_and_units_alone(tmp_path: Path, edf_bytes: MakeEdf) -> None:
    """Where the user's unit overrides, nothing is scaled; elsewhere, unknown units are not scaled either."""
    path = write(tmp_path, "a.edf", edf_bytes(digital(), units=["mV", "a.u."]))
    raw = read_recording(path, choice=ChannelChoice.of(unit="uV!"))
    np.testing.assert_allclose(raw.samples, digital() * 0.1, rtol=1e-6)
    assert raw.units == ("mV", "a.u.")
    assert read_recording(path).units == ("microvolts", "a.u.")
    np.testing.assert_array_equal(read_recording(path).samples[1], raw.samples[1])


def test_edf_holes_are_kept(tmp_path: Path, edf_bytes: MakeEdf) -> None:
    """Record onsets give the times; a header that claims to be continuous is contradicted aloud."""
    onsets_s = [0.25, 1.25, 4.25, 5.25, 9.75]
    content = edf_bytes(digital(), onsets_s=onsets_s, kind="EDF+C")
    recording = read_recording(write(tmp_path, "a.edf", content))
    expected = (np.array(onsets_s)[:, None] - 0.25 + np.arange(100) / 100).reshape(-1)
    np.testing.assert_allclose(recording.times_s, expected, atol=1e-12)
    assert "EDF+C (continuous)" in recording.remarks[0]


def test_edfs_of_another_writer_open(tmp_path: Path) -> None:
    """What edfio writes is read with its rate, labels and numbers."""
    edfio = pytest.importorskip("edfio")
    volts = np.random.default_rng(0).normal(0, 20, (2, 512))
    signals = [edfio.EdfSignal(row, 256, label=f"O{n}", physical_dimension="uV") for n, row in enumerate(volts, 1)]
    edfio.Edf(signals).write(tmp_path / "a.edf")
    recording = read_recording(tmp_path / "a.edf")
    assert (recording.rate_hz, recording.labels) == (256.0, ("O1", "O2"))
    np.testing.assert_allclose(recording.samples, volts, atol=0.01)


def test_odd_labels_and_units_become_one_printable_line(tmp_path: Path, edf_bytes: MakeEdf) -> None:
    """Control characters end in no stream's metadata and no terminal; a channel without name gets a number."""
    content = edf_bytes(digital(), labels=["Fp1\x1b[31m\n", ""], units=["u\0V", "a\nb"])
    recording = read_recording(write(tmp_path, "a.edf", content))
    assert recording.labels == ("Fp1 [31m", "ch2")
    assert recording.units == ("u V", "a b")


def test_a_given_rate_holds_against_the_files_own(tmp_path: Path, edf_bytes: MakeEdf) -> None:
    """What the user says holds, and does not silently replace the header's rate."""
    recording = read_recording(write(tmp_path, "a.edf", edf_bytes(digital())), rate_hz=250)
    assert recording.rate_hz == 250.0
    np.testing.assert_allclose(recording.times_s, np.arange(500) / 250)
    assert recording.remarks == ("the rate is taken as 250 Hz as given; the file states 100 Hz",)


def test_24_bit_numbers_keep_their_sign() -> None:
    """Three little-endian bytes make a signed number."""
    from eegstream.files.edf_records import _int24  # noqa: PLC0415

    numbers = np.array([0, 1, -1, 8388607, -8388608, 65536])
    triples = numbers.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3]
    np.testing.assert_array_equal(_int24(triples), numbers)


def test_brainvision_of_another_writer_opens(tmp_path: Path) -> None:
    """What pybv writes is read with its rate, labels and numbers; without its samples it is refused."""
    pybv = pytest.importorskip("pybv")
    volts = np.random.default_rng(0).normal(0, 20e-6, (2, 512))
    pybv.write_brainvision(data=volts, sfreq=512, ch_names=["O1", "O2"], fname_base="a", folder_out=tmp_path)
    recording = read_recording(tmp_path / "a.vhdr")
    assert (recording.rate_hz, recording.labels, recording.units) == (512.0, ("O1", "O2"), ("microvolts",) * 2)
    np.testing.assert_allclose(recording.samples, volts * 1e6, atol=0.11)
    with pytest.raises(RecordingError, match=r"Give a\.vhdr"):
        read_recording(tmp_path / "a.eeg")
    (tmp_path / "a.eeg").unlink()
    with pytest.raises(RecordingError, match=r"a\.vhdr names a\.eeg"):
        read_recording(tmp_path / "a.vhdr")


def gdf_bytes(values: NDArray[np.float32], version: str, unit: int) -> bytes:
    """GDF 2 of float numbers (C, T), a record of one second each 50 samples."""
    n_channels = len(values)
    head = bytearray(256 * (n_channels + 1))
    head[:8] = version.encode()
    columns: list[tuple[int, Any]] = [(6, b""), (2, np.uint16(unit)), (8, -1.0), (8, 1.0), (8, -1.0), (8, 1.0)]
    columns += [(68, b""), (4, np.float32(0)), (4, np.float32(0)), (4, np.float32(0)), (4, np.int32(50))]
    columns += [(4, np.int32(16)), (32, b"")]
    head[184:186] = np.uint16(n_channels + 1).tobytes()
    head[236:244] = np.int64(values.shape[1] // 50).tobytes()
    head[244:252] = np.array([1, 1], np.uint32).tobytes()
    head[252:254] = np.uint16(n_channels).tobytes()
    at = 256
    for number in range(n_channels):
        head[at + 16 * number : at + 16 * number + 3] = f"Pz{number}".encode()
    at += 96 * n_channels
    for width, value in columns:
        cell = value if isinstance(value, bytes) else np.asarray(value).tobytes()
        head[at : at + width * n_channels] = cell.ljust(width, b"\0") * n_channels
        at += width * n_channels
    records = values.reshape(n_channels, -1, 50).transpose(1, 0, 2)
    return bytes(head) + records.astype("<f4").tobytes()


@pytest.mark.parametrize(
    ("code", "unit", "scale"), [(4275, "microvolts", 1.0), (4274, "microvolts", 1e3), (512, "", 1)]
)
def test_gdf_2_units_are_those_of_its_codes(tmp_path: Path, code: int, unit: str, scale: float) -> None:
    """GDF 2 states units as numbers; no unit is left as none."""
    values = np.random.default_rng(0).normal(0, 10, (2, 100)).astype(np.float32)
    recording = read_recording(write(tmp_path, "a.gdf", gdf_bytes(values, "GDF 2.20", code)))
    assert (recording.rate_hz, recording.units, recording.labels) == (50.0, (unit,) * 2, ("Pz0", "Pz1"))
    np.testing.assert_allclose(recording.samples, values * scale, rtol=1e-6, atol=1e-6)


CSV = "time,Fp1 (mV),Right AUX,Marker\n" + "".join(f"{100 + n / 128:.6f},{n % 7},{n},0\n" for n in range(256))


def test_csv_with_a_header(tmp_path: Path) -> None:
    """The time column gives times and a common rate; units may stand in the header; other signals are no EEG."""
    recording = read_recording(write(tmp_path, "a.csv", CSV))
    assert recording.labels == ("Fp1", "Right AUX", "Marker")
    assert recording.types == ("EEG", "AUX", "MARKER")
    assert recording.units == ("microvolts", "", "")
    assert recording.rate_hz == 128.0
    np.testing.assert_array_equal(recording.samples[0], np.arange(256) % 7 * 1e3)
    np.testing.assert_allclose(recording.times_s, np.arange(256) / 128, atol=2e-6)


@pytest.mark.parametrize(
    "content",
    [
        CSV.replace("\n", "\r\n").encode("utf-8-sig"),
        CSV.encode("utf-16"),
        CSV.replace(",", "\t").encode(),
        CSV.replace(",", ";").replace(".", ",").encode(),
        ("# exported by hand\n\n" + CSV).encode(),
        CSV.encode().rstrip(),
        gzip.compress(CSV.encode()),
    ],
    ids=["bom-crlf", "utf16", "tab", "decimal-comma", "comment", "no-last-newline", "gzip"],
)
def test_dialects_of_csv_hold_the_same_recording(tmp_path: Path, content: bytes) -> None:
    """Encoding, separator, decimal mark and packing change nothing."""
    expected = read_recording(write(tmp_path, "a.csv", CSV))
    recording = read_recording(write(tmp_path, "b.dat", content))
    assert (recording.labels, recording.units, recording.rate_hz) == (expected.labels, expected.units, 128.0)
    np.testing.assert_array_equal(recording.samples, expected.samples)
    np.testing.assert_array_equal(recording.times_s, expected.times_s)
    assert recording.remarks == expected.remarks


def test_csv_without_time_needs_a_rate(tmp_path: Path) -> None:
    """Electrode T7 is no time; the rate then has to be given."""
    path = write(tmp_path, "a.csv", "T7,T8\n" + "1,2\n-3,4\n5,6.5\n")
    with pytest.raises(RecordingError, match="--rate"):
        read_recording(path)
    recording = read_recording(path, rate_hz=250)
    np.testing.assert_array_equal(recording.samples, [[1, -3, 5], [2, 4, 6.5]])
    np.testing.assert_array_equal(recording.times_s, np.arange(3) / 250)


def test_csv_timestamps_are_never_sorted(tmp_path: Path) -> None:
    """Holes and steps back stay where they are; the rate is that of the stretches between."""
    timestamps = np.arange(300) / 200
    timestamps[150:] += 3
    timestamps[200], timestamps[210] = timestamps[210], timestamps[200]
    path = write(tmp_path, "a.csv", "t,Cz\n" + "".join(f"{t:.4f},{n % 9}\n" for n, t in enumerate(timestamps)))
    recording = read_recording(path)
    np.testing.assert_allclose(recording.times_s, timestamps, atol=1e-4)
    assert recording.rate_hz == 200.0
    assert any("backwards in 2 places" in remark for remark in recording.remarks)


def test_csv_milliseconds_are_told(tmp_path: Path) -> None:
    """Timestamps that make no sense as seconds are read as milliseconds, and a remark says so."""
    body = "".join(f"{1557936113210 + 4 * n},{n % 9}\n" for n in range(100))
    recording = read_recording(write(tmp_path, "a.csv", "timestamp,Cz\n" + body))
    assert recording.rate_hz == 250.0
    assert any("milliseconds" in remark for remark in recording.remarks)
    assert read_recording(write(tmp_path, "b.csv", "time (ms),Cz\n" + body)).remarks == ()


OPENBCI = """%OpenBCI Raw EXG Data
%Sample Rate = 125 Hz
Sample Index, EXG Channel 0, Accel Channel 0, Other, Timestamp, Timestamp (Formatted)
"""


def test_openbci_text(tmp_path: Path) -> None:
    """Its EXG columns are EEG in microvolts; a jump of the sample counter is told."""
    counter = [*range(250, 256), 0, 1, 4, 5]
    rows = [f"{c}, {n}.5, 0.1, 7, {1557936113.21 + n / 125:.3f}, 12:01\n" for n, c in enumerate(counter)]
    recording = read_recording(write(tmp_path, "OpenBCI.txt", OPENBCI + "".join(rows)))
    assert recording.rate_hz == 125.0
    assert recording.types == ("COUNTER", "EEG", "ACC", "MISC")
    assert recording.units[1] == "microvolts"
    np.testing.assert_array_equal(recording.samples[1], np.arange(10) + 0.5)
    assert any("at least 2 samples were lost" in remark for remark in recording.remarks)


def xdf_bytes(timestamps: NDArray[np.float64], values: NDArray[np.float32], channels: str, kind: str = "EEG") -> bytes:
    """XDF of one float stream with samples (T, C), each with its own timestamp."""

    def chunk(tag: int, content: bytes) -> bytes:
        return b"\x04" + np.uint32(len(content) + 2).tobytes() + np.uint16(tag).tobytes() + content

    stream = np.uint32(1).tobytes()
    info = (
        f"<?xml version='1.0'?><info><name>s</name><type>{kind}</type><channel_count>{values.shape[1]}</channel_count>"
        f"<nominal_srate>100</nominal_srate><channel_format>float32</channel_format>"
        f"<desc><channels>{channels}</channels></desc></info>"
    )
    samples = b"\x04" + np.uint32(len(values)).tobytes()
    for timestamp, row in zip(timestamps, values.astype("<f4"), strict=True):
        samples += b"\x08" + np.float64(timestamp).tobytes() + row.tobytes()
    footer = f"<?xml version='1.0'?><info><sample_count>{len(values)}</sample_count></info>"
    head = chunk(1, b"<?xml version='1.0'?><info><version>1.0</version></info>")
    return (
        b"XDF:"
        + head
        + chunk(2, stream + info.encode())
        + chunk(3, stream + samples)
        + chunk(6, stream + footer.encode())
    )


def test_xdf_timestamps_stay_raw(tmp_path: Path) -> None:
    """Jitter and holes of the timestamps are kept; labels, types and units come from the description."""
    pytest.importorskip("pyxdf")
    rng = np.random.default_rng(0)
    timestamps = 5000 + np.arange(300) / 100 + rng.uniform(0, 2e-3, 300)
    timestamps[100:] += 2
    values = rng.normal(0, 10, (300, 2)).astype(np.float32)
    described = "<channel><label>Cz</label><type>EEG</type><unit>millivolts</unit></channel>"
    described += "<channel><label>x</label><type>ECG</type></channel>"
    recording = read_recording(write(tmp_path, "a.xdf", xdf_bytes(timestamps, values, described)))
    assert (recording.labels, recording.types, recording.units) == (("Cz", "x"), ("EEG", "ECG"), ("microvolts", ""))
    np.testing.assert_array_equal(recording.times_s, timestamps - timestamps[0])
    np.testing.assert_allclose(recording.samples[0], values[:, 0] * 1e3, rtol=1e-6)
    with pytest.raises(RecordingError, match=r"no stream of type EEG .* s \(type Gaze"):
        read_recording(write(tmp_path, "b.xdf", xdf_bytes(timestamps, values, described, kind="Gaze")))


def test_fif_channels_come_in_microvolts(tmp_path: Path) -> None:
    """FIF is in volts and states its types; a file without its usual name opens too."""
    mne = pytest.importorskip("mne")
    volts = np.random.default_rng(0).normal(0, 20e-6, (2, 400))
    raw = mne.io.RawArray(volts, mne.create_info(["Cz", "x"], 200, ["eeg", "eog"]), verbose="ERROR")
    raw.save(tmp_path / "a_raw.fif", verbose="ERROR")
    (tmp_path / "a_raw.fif").rename(tmp_path / "renamed.dat")
    recording = read_recording(tmp_path / "renamed.dat")
    assert (recording.types, recording.units, recording.rate_hz) == (("EEG", "EOG"), ("microvolts",) * 2, 200.0)
    np.testing.assert_allclose(recording.samples, volts * 1e6, rtol=1e-6)


@pytest.mark.parametrize(
    ("package", "content"), [("pyxdf", b"XDF:0"), ("mne", bytes.fromhex("000000640000001f00000014"))]
)
def test_a_missing_extra_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, content: bytes
) -> None:
    """Without the package of a format the error names the extra."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(RecordingError, match=r"pip install 'eegstream\[files\]'"):
        read_recording(write(tmp_path, "a.bin", content))


@pytest.mark.parametrize("rate_hz", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_refused(tmp_path: Path, rate_hz: float) -> None:
    """`--rate` must be a positive number."""
    with pytest.raises(RecordingError, match="--rate"):
        read_recording(write(tmp_path, "a.csv", CSV), rate_hz=rate_hz)


def test_paths_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file and a folder are errors in one line."""
    for path in (tmp_path / "missing.edf", tmp_path):
        with pytest.raises(RecordingError, match="cannot be read"):
            read_recording(path)


def test_amplitudes_far_from_eeg_are_told_not_corrected(tmp_path: Path, edf_bytes: MakeEdf) -> None:
    """A wrong unit shows in a remark; the numbers stay as the header has them."""
    recording = read_recording(write(tmp_path, "a.edf", edf_bytes(digital(), units=["mV", "mV"])))
    assert "the numbers look like uV" in (remark_of(recording) or "")
    np.testing.assert_allclose(recording.samples, digital() * 100.0, rtol=1e-6)


def test_reading_is_the_same_every_time(tmp_path: Path, edf_bytes: MakeEdf) -> None:
    """Nothing of a recording depends on anything but the file."""
    path = write(tmp_path, "a.edf", edf_bytes(digital()))
    one, two = read_recording(path), read_recording(path)
    assert json.dumps([one.labels, one.source_id, one.remarks]) == json.dumps([two.labels, two.source_id, two.remarks])
    np.testing.assert_array_equal(one.samples, two.samples)


MUTATIONS = st.lists(st.tuples(st.integers(0, 1500), st.binary(min_size=1, max_size=8)), max_size=4)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(mutations=MUTATIONS, length=st.integers(0, 2500), form=st.sampled_from(["edf", "csv", "gdf", "bdf", "openbci"]))
def test_damage_anywhere_is_an_error_or_a_recording(
    tmp_path: Path, edf_bytes: MakeEdf, mutations: list[tuple[int, bytes]], length: int, form: str
) -> None:
    """Overwritten and cut files give RecordingError in one line or a recording, nothing else."""
    edf = edf_bytes(digital(2, 300), onsets_s=[0, 1, 2], kind="EDF+C")
    contents = {"edf": edf, "bdf": b"\xffBIOSEMI" + edf[8:], "csv": CSV.encode(), "openbci": OPENBCI.encode() * 2}
    contents["gdf"] = gdf_bytes(digital(2, 100).astype(np.float32), "GDF 2.20", 4275)
    content = bytearray(contents[form])
    for at, replacement in mutations:
        content[at : at + len(replacement)] = replacement
    path = write(tmp_path, "damaged", bytes(content[: max(length, 1)] if length < 2400 else content))
    try:
        recording = read_recording(path)
    except RecordingError as error:
        refusal = str(error)
    else:
        refusal = ""
        assert recording.samples.shape == (len(recording.labels), len(recording.times_s))
        assert recording.rate_hz > 0
        assert all(label.isprintable() and label for label in recording.labels)
    assert "\n" not in refusal
