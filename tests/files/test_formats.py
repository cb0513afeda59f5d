"""Every format of the documentation's list opens, told by its content; what does not open says what would help."""

import gzip
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from eegstream.errors import RecordingError
from eegstream.files.file_bytes import bytes_of
from eegstream.files.formats import read_signals
from eegstream.files.signals import Signals
from tests.files.written import (
    LABELS,
    RATE_HZ,
    everything,
    steps,
    write_ant,
    write_brainvision,
    write_eeglab,
    write_eeglab_73,
    write_egi_raw,
    write_mff,
    write_neuroscan,
    write_nicolet,
    write_nihon,
    write_persyst,
)

NIHON_STEP_UV = 6399.902 / 65535

Write = Callable[[Path], Path]


def read(path: Path) -> list[Signals]:
    """The streams of a file or folder."""
    return read_signals(bytes_of(path), path, None)


def microvolts(stream: Signals, index: int) -> np.ndarray:
    """Samples (T,) of one channel."""
    return everything(stream)[index] * {"V": 1e6, "uV": 1.0, "µV": 1.0}[stream.units[index]]


@pytest.mark.parametrize(
    ("write", "needs", "step_uv"),
    [
        (lambda folder: write_brainvision(folder, []), (), 0.1),
        (lambda folder: write_brainvision(folder, [], ".ahdr"), (), 0.1),
        (write_nicolet, (), 0.1),
        (write_persyst, (), 0.1),
        (write_ant, ("antio",), 1.0),
        (write_neuroscan, ("mne",), 0.1),
        (write_nihon, ("mne",), NIHON_STEP_UV),
        (write_eeglab, ("mne",), 0.1),
        (lambda folder: write_eeglab(folder, fdt=True), ("mne",), 0.1),
        (write_eeglab_73, ("mne", "h5py", "pymatreader"), 0.1),
    ],
    ids=["vhdr", "ahdr", "nicolet", "persyst", "ant", "neuroscan", "nihon", "set", "set-fdt", "set-7.3"],
)
def test_recorders_files_open(tmp_path: Path, write: Write, needs: tuple[str, ...], step_uv: float) -> None:
    """Rate, labels, microvolts and times are those that were written, and nothing is odd about them."""
    for package in needs:
        pytest.importorskip(package)
    (stream,) = read(write(tmp_path))
    assert stream.rate_hz == RATE_HZ
    assert tuple(label.lower() for label in stream.labels)[:2] == ("fp1", "cz")
    for index in range(len(LABELS)):
        np.testing.assert_allclose(np.diff(microvolts(stream, index)), np.diff(steps()[index] * step_uv), atol=2e-4)
    np.testing.assert_allclose(stream.times_s, np.arange(1000) / RATE_HZ)
    assert (stream.pauses, stream.remarks, stream.bad) == ((), (), ())


def test_egi_simple_binary_is_in_microvolts(tmp_path: Path) -> None:
    """Its range is that of the converter; electrodes have numbers, and event lines are none."""
    (stream,) = read(write_egi_raw(tmp_path))
    assert stream.labels == ("E1", "E2", "E3", "DIN1")
    assert stream.types == ("EEG", "EEG", "EEG", "EVENT")
    np.testing.assert_allclose(microvolts(stream, 1), steps()[1] * (6554 / 65536))
    assert stream.remarks == ()


def test_egi_segments_are_refused(tmp_path: Path) -> None:
    """Segments are no recording."""
    path = write_egi_raw(tmp_path)
    path.write_bytes(b"\0\0\0\3" + path.read_bytes()[4:])
    with pytest.raises(RecordingError, match="Export it unsegmented"):
        read(path)


def test_a_folder_of_egi_opens(tmp_path: Path) -> None:
    """An .mff is a folder, whose electrodes are EEG by its own word."""
    pytest.importorskip("mne")
    pytest.importorskip("mffpy")
    (stream,) = read(write_mff(tmp_path))
    assert set(stream.types) == {"eeg"}
    assert len(stream.types) == 33
    np.testing.assert_allclose(microvolts(stream, 32), steps(33)[32] / 10, rtol=1e-5)


def test_parts_of_a_split_fif_are_one_recording(tmp_path: Path) -> None:
    """The first part names the next."""
    mne = pytest.importorskip("mne")
    samples = np.random.default_rng(1).normal(0, 2e-5, (40, 20000))
    info = mne.create_info([f"E{number}" for number in range(40)], RATE_HZ, "eeg")
    mne.io.RawArray(samples, info, verbose="ERROR").save(tmp_path / "a_raw.fif", split_size="2MB", verbose="ERROR")
    assert (tmp_path / "a_raw-1.fif").exists()
    (stream,) = read(tmp_path / "a_raw.fif")
    np.testing.assert_allclose(everything(stream)[39], samples[39], rtol=1e-5)
    (tmp_path / "a_raw-1.fif").unlink()
    with pytest.raises(RecordingError, match=r"a_raw\.fif cannot be read as FIF"):
        read(tmp_path / "a_raw.fif")


@pytest.mark.parametrize("write", [write_neuroscan, write_egi_raw, write_persyst], ids=["neuroscan", "egi", "persyst"])
def test_content_decides_whatever_the_name(tmp_path: Path, write: Write) -> None:
    """A recording under another name is the same recording."""
    path = write(tmp_path)
    if path.suffix == ".cnt":
        pytest.importorskip("mne")
    expected = read(path)[0]
    renamed = path.rename(tmp_path / "renamed.bin") if path.suffix != ".cnt" else path.rename(tmp_path / "renamed.cnt")
    (stream,) = read(renamed)
    assert stream.labels == expected.labels
    np.testing.assert_array_equal(everything(stream)[0], everything(expected)[0])


def test_long_labels_of_neuroscan_are_no_bad_channels(tmp_path: Path) -> None:
    """Where older files mark bad channels, others have the fifth letter of the label."""
    pytest.importorskip("mne")
    (stream,) = read(write_neuroscan(tmp_path, ("VEOG-L", "Cz", "Oz")))
    assert (stream.labels[0], stream.bad) == ("VEOG-L", ())


def test_numbers_that_nicolets_header_contradicts_are_told(tmp_path: Path) -> None:
    """Fewer samples than promised are read, and said."""
    path = write_nicolet(tmp_path)
    path.write_bytes(path.read_bytes()[:-7])
    (stream,) = read(path)
    assert len(stream.times_s) == 998
    assert any("states 1000 samples, the file has 998" in remark for remark in stream.remarks)
    (tmp_path / "rec.head").write_text("sample_freq=x\n")
    with pytest.raises(RecordingError, match=r"rec\.head has '' as num_channels"):
        read(path)


@pytest.mark.parametrize(
    ("write", "part", "whole"),
    [
        (lambda folder: write_brainvision(folder, []), "rec.eeg", "rec.vhdr"),
        (lambda folder: write_brainvision(folder, []), "rec.vmrk", "rec.vhdr"),
        (lambda folder: write_brainvision(folder, [], ".ahdr"), "rec.amrk", "rec.ahdr"),
        (write_persyst, "rec.dat", "rec.lay"),
        (write_nicolet, "rec.head", "rec.data"),
        (write_nihon, "rec.21E", "rec.eeg"),
        (write_eeglab, "rec.fdt", "rec.set"),
    ],
    ids=["eeg", "vmrk", "amrk", "dat", "head", "21E", "fdt"],
)
def test_a_part_names_the_whole(tmp_path: Path, write: Write, part: str, whole: str) -> None:
    """Who gives a part of a recording is told which file to give."""
    write(tmp_path)
    with pytest.raises(RecordingError, match=f"Give {whole} in the same folder"):
        read(tmp_path / part)


@pytest.mark.parametrize("write", [lambda folder: write_brainvision(folder, []), write_persyst], ids=["eeg", "dat"])
def test_a_missing_part_is_named(tmp_path: Path, write: Write) -> None:
    """Who gives a header without samples is told which file is missing."""
    path = write(tmp_path)
    data = next(other for other in tmp_path.iterdir() if other.suffix in (".eeg", ".dat"))
    data.unlink()
    with pytest.raises(RecordingError, match=f"Put {data.name} into the same folder"):
        read(path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.e", "Nicolet .e, a format that is not supported"),
        ("a.cdt", "Curry"),
        ("a.nxe", "Nexstim"),
        ("a.sqd", "MEG"),
        ("a.CON", "MEG"),
    ],
)
def test_formats_that_are_not_read_are_named(tmp_path: Path, name: str, message: str) -> None:
    """A name that nothing in the content contradicts says what the file is."""
    (tmp_path / name).write_bytes(bytes(range(256)) * 4)
    with pytest.raises(RecordingError, match=message) as caught:
        read(tmp_path / name)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("name", "message"),
    [("a.ds", "CTF, which is MEG"), ("a.mefd", "MEF3"), ("a", r"it is a folder\. Give a recording.*\.mff")],
)
def test_folders_that_are_not_read_are_named(tmp_path: Path, name: str, message: str) -> None:
    """A folder is a recording, a format that is not read, or a mistake."""
    (tmp_path / name).mkdir()
    with pytest.raises(RecordingError, match=message):
        read(tmp_path / name)


@pytest.mark.parametrize(
    ("write", "package"),
    [
        (write_ant, "antio"),
        (write_mff, "mffpy"),
        (write_eeglab_73, "pymatreader"),
        (write_eeglab_73, "h5py"),
        (write_neuroscan, "mne"),
        (write_nihon, "mne"),
    ],
    ids=["ant", "mff", "set-pymatreader", "set-h5py", "neuroscan", "nihon"],
)
def test_a_missing_reader_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write, package: str) -> None:
    """Without its package a format says what to install, and no more: exporting the file would not be needed."""
    pytest.importorskip(package)
    path = write(tmp_path)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(RecordingError, match=package) as caught:
        read(path)
    assert caught.value.remedy == "pip install 'eegstream[files]'"


@pytest.mark.parametrize("n_bytes", [84, 300, 2000])
def test_a_stump_of_ant_neuro_is_refused(tmp_path: Path, n_bytes: int) -> None:
    """Its library is not asked to read what has no end."""
    pytest.importorskip("antio")
    path = write_ant(tmp_path)
    path.write_bytes(path.read_bytes()[:n_bytes])
    with pytest.raises(RecordingError, match="antio"):
        read(path)


@pytest.mark.parametrize("part", [b"data", b"ep  ", b"[Samp"], ids=["samples", "table", "header"])
def test_damaged_ant_neuro_is_refused(tmp_path: Path, part: bytes) -> None:
    """A checksum that fails means samples that are wrong; of a wrong table the library dies, this program does not."""
    pytest.importorskip("antio")
    path = write_ant(tmp_path)
    content = bytearray(path.read_bytes())
    content[content.index(part) + (16 if part.startswith(b"[") else 8)] ^= 0x7A
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=r"cannot be read as ANT Neuro \.cnt by antio"):
        read(path)


def test_damaged_eeglab_is_refused_in_one_line(tmp_path: Path) -> None:
    """Half a file of MATLAB 7.3 is none."""
    for package in ("mne", "h5py", "pymatreader"):
        pytest.importorskip(package)
    path = write_eeglab_73(tmp_path)
    path.write_bytes(path.read_bytes()[:4000])
    with pytest.raises(RecordingError, match="cannot be read as EEGLAB") as caught:
        read(path)
    assert "\n" not in str(caught.value)


def test_packed_content_is_not_unpacked_here(tmp_path: Path) -> None:
    """Whoever calls unpacks first: a packed file is of no format."""
    path = tmp_path / "a.lay.gz"
    path.write_bytes(gzip.compress(write_persyst(tmp_path).read_bytes()))
    with pytest.raises(RecordingError):
        read(path)
