"""Decoded signals in other programs' formats: in microvolts, each sample at its time, with events, flags and gaps."""

from dataclasses import replace
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given

from eegstream.cli.decode import command
from eegstream.coded_recordings import CodedRecording, read_coded
from eegstream.decoding import Reconstruction, reconstruct
from eegstream.errors import CodesFileError, EegstreamError
from eegstream.files.codes import write_codes
from eegstream.files.samples import HeldSamples
from eegstream.files.third_party import quietly
from eegstream.regular import on_grid
from eegstream.signal_files import write_signal
from tests.tables.made import LABELS, engine, messages, recording, table

mne = pytest.importorskip("mne")
import eegstream.mne  # noqa: E402


@pytest.fixture(scope="module")
def codes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A codes file with a hole of two seconds and a bit, three events, and a flat channel."""
    given_recording = recording(hole_s=2.1)
    samples = given_recording.samples.copy()
    samples[1, 512:1024] = samples[1, 512]
    path = tmp_path_factory.mktemp("codes") / "night.codes.mcap"
    with write_codes(path) as writer:
        for message in messages(replace(given_recording, pieces=HeldSamples(samples))):
            writer.write(message)
    return path


@pytest.fixture(scope="module")
def decoded(codes: Path) -> tuple[Reconstruction, CodedRecording]:
    """What the codes decode to."""
    (coded,) = read_coded(codes).recordings
    return reconstruct(coded.segments, engine()), coded


@pytest.mark.parametrize(("suffix", "off_uv"), [(".fif", 1e-4), (".vhdr", 1e-4), (".edf", 0.01)])
def test_samples_stand_at_their_times(
    tmp_path: Path, decoded: tuple[Reconstruction, CodedRecording], suffix: str, off_uv: float
) -> None:
    """Read back by MNE-Python: the decoded sample where there is one, marked zeros elsewhere."""
    made, coded = decoded
    path = tmp_path / f"x{suffix}"
    write_signal(path, made, coded)
    with quietly():
        raw = mne.io.read_raw(path, preload=True, verbose="ERROR")
    places = np.rint((made.t - made.t[0]) * made.rate_hz).astype(int)
    np.testing.assert_allclose(raw.get_data(picks=list(LABELS))[:, places] * 1e6, made.eeg_uv, atol=off_uv)
    notes = [(n["onset"], n["duration"], n["description"].removeprefix("Comment/")) for n in raw.annotations]
    (skip, *_) = [note for note in notes if note[2] == "BAD_ACQ_SKIP"]
    empty = np.setdiff1d(np.arange(places[-1]), places)
    assert skip[:2] == pytest.approx((empty[0] / 256, len(empty) / 256), abs=1e-3)
    assert not raw.get_data(picks=list(LABELS))[:, empty].any() or suffix == ".edf"
    for onset, label in ((0.5, "closed"), (3.0, "7"), (11.0, "open")):
        assert any(note[0] == pytest.approx(onset, abs=1e-3) and note[2].startswith(label) for note in notes), label
    flat = [n for n in raw.annotations if "BAD_flat" in n["description"]]
    assert [(n["onset"], n["duration"]) for n in flat] == [(pytest.approx(2.0), pytest.approx(2.0))]
    if suffix == ".fif":
        assert flat[0]["ch_names"] == (LABELS[1],)
    assert not list(tmp_path.glob(".decode-*"))


def test_a_raw_array_of_a_codes_file_and_of_its_table(
    tmp_path: Path, codes: Path, decoded: tuple[Reconstruction, CodedRecording]
) -> None:
    """The same signal, whichever file it comes from."""
    pytest.importorskip("pyarrow")
    raw = eegstream.mne.read_codes(codes)
    assert raw.info["sfreq"] == 256
    assert raw.ch_names == list(LABELS)
    other = eegstream.mne.read_codes(table(tmp_path, recording()))
    assert sorted(other.ch_names) == sorted(LABELS)
    np.testing.assert_allclose(other.get_data(["Fz"])[:, :500], raw.get_data(["Fz"])[:, :500])
    whole = on_grid(decoded[0])
    np.testing.assert_allclose(raw.get_data() * 1e6, whole.eeg_uv, atol=1e-4)


def _signal(t: np.ndarray, rate_hz: float = 256.0, segment: np.ndarray | None = None) -> Reconstruction:
    n = len(t)
    numbers = np.zeros(n, np.int32)
    eeg_uv = np.arange(n, dtype=np.float32)[None]
    return Reconstruction(eeg_uv, rate_hz, ("Cz",), t, numbers, numbers if segment is None else segment, 0.0, 0)


@given(st.floats(-300e-6, 300e-6), st.integers(2, 3000))
def test_another_pace_is_followed_to_half_a_sample(ppm: float, n_samples: int) -> None:
    """Each sample of the grid is the one nearest in time; slips are counted."""
    t = 5.0 + np.arange(n_samples) * (1 + ppm) / 256
    made = on_grid(_signal(t))
    grid_s = made.start_s + np.arange(made.eeg_uv.shape[1]) / 256
    inside = grid_s <= t[-1] + 0.5 / 256
    assert np.abs(t[made.eeg_uv[0].astype(int)][inside] - grid_s[inside]).max() <= 0.51 / 256
    assert made.slips == np.count_nonzero(np.diff(made.eeg_uv[0]) != 1)
    assert made.empty == ()


@given(st.lists(st.tuples(st.integers(1, 50), st.floats(0, 2)), min_size=1, max_size=6))
def test_gaps_are_as_long_as_they_were(parts: list[tuple[int, float]]) -> None:
    """All samples are there, each within half a sample of its time, and the rest is told as empty."""
    t, numbers, now = [], [], 0.0
    for number, (length, hole_s) in enumerate(parts):
        t += [now + place / 256 for place in range(length)]
        numbers += [number] * length
        now = t[-1] + 1 / 256 + hole_s
    made = on_grid(_signal(np.array(t), segment=np.array(numbers, np.int32)))
    filled = np.ones(made.eeg_uv.shape[1], bool)
    for first, stop in made.empty:
        filled[first:stop] = False
    places = np.rint(np.array(t) * 256).astype(int)
    assert set(np.flatnonzero(filled)) == set(places)
    assert len(t) - np.count_nonzero(filled) <= len(parts)


def test_what_is_nearly_all_empty_is_refused() -> None:
    """A second here and a second a week later is no file of a regular grid."""
    t = np.concatenate([np.arange(256) / 256, 604800 + np.arange(256) / 256])
    with pytest.raises(CodesFileError, match="2 s of signal lie within"):
        on_grid(_signal(t))


def test_a_rate_that_edf_cannot_have_is_told(tmp_path: Path, decoded: tuple[Reconstruction, CodedRecording]) -> None:
    """And what to write instead."""
    made = replace(decoded[0], rate_hz=100.5, t=np.arange(len(decoded[0].t)) / 100.5)
    with pytest.raises(EegstreamError, match=r"100\.5 Hz"):
        write_signal(tmp_path / "x.edf", made, decoded[1])


def test_a_folder_of_codes_files_and_tables_is_decoded(tmp_path: Path, codes: Path) -> None:
    """Each recording becomes a file; a table decodes as the codes file that holds the same."""
    pq = pytest.importorskip("pyarrow.parquet")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / codes.name).write_bytes(codes.read_bytes())
    table(folder, recording("b"))
    run = CliRunner().invoke
    done = run(command, [str(folder), "-o", str(tmp_path / "out"), "--format", "parquet"])
    assert done.exit_code == 0, done.output
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names[0] == "b.parquet"
    assert names[1].startswith("night-a-")
    rows = pq.read_table(tmp_path / "out" / "b.parquet").to_pylist()
    assert [row["channel"] for row in rows] == sorted(LABELS)
    assert rows[0]["rate_hz"] == 256
    assert run(command, [str(folder), "-o", str(tmp_path / "x.edf")]).exit_code == 2
    assert run(command, [str(codes), "-o", str(tmp_path / "x.wav")]).exit_code == 2
