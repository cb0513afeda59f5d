"""Recordings are read piece by piece: the same samples and remarks as at once, in memory that does not grow."""

import gzip
import tracemalloc
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from eegstream.dsp.amplitude import robust_sd
from eegstream.errors import RecordingError
from eegstream.files import edf_records, file_bytes, samples
from eegstream.files.file_bytes import HeldBytes, StoredBytes, count, sha256_of
from eegstream.files.recordings import Recording, read_recordings
from eegstream.files.sample_remarks import sample_remarks
from eegstream.files.samples import HeldSamples, ReadAhead, Stretch, in_blocks
from tests.files.written import EdfSignal, edf_bytes

Values = NDArray[np.float32]


def test_pieces_of_real_recordings_are_parts_of_the_whole(dev: Path, dev_entry: dict[str, str]) -> None:
    """Whatever the borders, also within an EDF record."""
    for recording in _readable(dev / dev_entry["path"]):
        _require_parts(recording, np.random.default_rng(1))


def test_pieces_of_odd_files_are_parts_of_the_whole(tricky: Path) -> None:
    """Truncated, with several rates, with pauses, packed."""
    found = [recording for path in sorted(tricky.rglob("*")) if path.is_file() for recording in _readable(path)]
    assert len(found) > 30
    for recording in found:
        _require_parts(recording, np.random.default_rng(2))


def _readable(path: Path) -> list[Recording]:
    try:
        return read_recordings(path)
    except RecordingError:
        return []


def _require_parts(recording: Recording, rng: np.random.Generator) -> None:
    together = recording.samples
    assert together.shape == recording.pieces.shape == (len(recording.labels), len(recording.times_s))
    for start, stop in np.sort(rng.integers(0, together.shape[1] + 1, (5, 2)), axis=1).tolist():
        np.testing.assert_array_equal(
            recording.pieces.read(start, max(stop, start + 1)), together[:, start : max(stop, start + 1)]
        )


def test_blocks_pieces_ahead_and_stretches_are_the_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks are smaller than a recording, and pieces need not fit into them."""
    monkeypatch.setattr(samples, "_BLOCK_NUMBERS", 20)
    values = np.random.default_rng(0).normal(size=(3, 100)).astype(np.float32)
    held = HeldSamples(values)
    np.testing.assert_array_equal(np.concatenate(list(in_blocks(held)), axis=1), values)
    ahead = ReadAhead(held)
    borders = [0, 1, 4, 5, 30, 31, 33, 100]
    parts = [ahead.read(start, stop) for start, stop in pairwise(borders)]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), values)
    np.testing.assert_array_equal(Stretch(Stretch(held, 10, 90), 5, 50).read(2, 9), values[:, 17:24])


@pytest.mark.parametrize("bdf", [False, True])
def test_long_records_are_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, bdf: bool) -> None:
    """A file may be one record: the samples, pauses and triggers are those of records that are read whole."""
    rng = np.random.default_rng(0)
    status = np.repeat(rng.integers(0, 4, 8), 125).astype(np.int32)
    status[500:] |= 1 << 16
    signals = [EdfSignal(f"C{n}", rng.integers(-3000, 3000, 1000).astype(np.int16), 250) for n in range(3)]
    path = tmp_path / "a.edf"
    path.write_bytes(edf_bytes([*signals, EdfSignal("Status", status if bdf else signals[0].samples, 250)], bdf=bdf))
    (whole,) = read_recordings(path)
    monkeypatch.setattr(edf_records, "_BLOCK_BYTES", 100)
    (parts,) = read_recordings(path)
    np.testing.assert_array_equal(parts.samples, whole.samples)
    assert (parts.events, parts.pauses, parts.remarks) == (whole.events, whole.pauses, whole.remarks)
    assert bool(whole.events) == bdf
    _require_parts(parts, rng)


@pytest.mark.parametrize("vectorized", [False, True])
def test_pieces_of_a_brainvision_file_are_its_numbers(*, vectorized: bool) -> None:
    """Sample by sample, or channel by channel."""
    from eegstream.files.brainvision import _Stored  # noqa: PLC0415

    numbers = np.arange(3 * 50, dtype="<i2").reshape(3, 50)
    content = HeldBytes((numbers if vectorized else numbers.T).tobytes())
    stored = _Stored(content, numbers.dtype, 3, 50, vectorized)
    for start, stop in ((0, 50), (0, 1), (7, 31), (49, 50)):
        np.testing.assert_array_equal(stored.read(start, stop), numbers[:, start:stop])


@pytest.mark.parametrize("seed", range(40))
def test_remarks_are_those_of_the_definition(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Flat is a robust standard deviation of 0 in the median channel, of the finite samples; blocks do not matter."""
    monkeypatch.setattr(samples, "_BLOCK_NUMBERS", 37)
    rng = np.random.default_rng(seed)
    n_channels, n_samples = int(rng.integers(1, 5)), int(rng.integers(2, 60))
    values = rng.integers(0, 4, (n_channels, n_samples)).astype(np.float32)
    for row in values:
        share = rng.choice([0.3, 0.5, 0.52, 0.8])
        row[rng.random(n_samples) < share] = rng.choice([0.0, 7.0])
        row[rng.random(n_samples) < rng.choice([0.0, 0.0, 0.2, 1.0], p=[0.3, 0.3, 0.3, 0.1])] = rng.choice(
            [np.nan, np.inf, -np.inf]
        )
    others = np.zeros((1, n_samples), np.float32)
    eeg = list(range(1, n_channels + 1))
    assert sample_remarks(HeldSamples(np.concatenate([others, values])), eeg) == _defined(values)


def _defined(values: Values) -> list[str]:
    finite = np.isfinite(values)
    odd = int(np.count_nonzero(~finite))
    spreads = [robust_sd(row[None, good])[0] for row, good in zip(values, finite, strict=True) if good.any()]
    remarks = [f"{odd} samples of EEG channels are missing or not finite"] if odd else []
    return remarks + (["most of the EEG channels are flat"] if not spreads or np.median(spreads) == 0 else [])


def test_memory_does_not_grow_with_an_edf(tmp_path: Path) -> None:
    """Live bytes while all samples are read: of a recording that is twice as long, only the times are longer."""
    peaks, lengths = zip(*(_peak_bytes(tmp_path / f"{seconds}.edf", seconds) for seconds in (300, 600)), strict=True)
    times = 8 * (lengths[1] - lengths[0])
    more_samples = 4 * 32 * (lengths[1] - lengths[0])
    assert peaks[1] - peaks[0] < 4 * times < more_samples / 3


def _peak_bytes(path: Path, seconds: int) -> tuple[int, int]:
    values = np.random.default_rng(0).integers(-3000, 3000, seconds * 500).astype(np.int16)
    path.write_bytes(edf_bytes([EdfSignal(f"C{n}", np.roll(values, n), 500) for n in range(32)]))
    read_recordings(path)  # what is imported or kept at the first reading does not count
    tracemalloc.start()
    (recording,) = read_recordings(path)
    ahead = ReadAhead(recording.pieces)
    for start in range(0, len(recording.times_s), 500):
        ahead.read(start, start + 500)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak, len(recording.times_s)


def test_a_packed_file_is_read_before_its_unpacked_form_is_gone(tmp_path: Path) -> None:
    """Its samples are those of the file that was packed."""
    values = np.arange(500, dtype=np.int16)
    content = edf_bytes([EdfSignal("Cz", values, 250), EdfSignal("Pz", values[::-1].copy(), 250)])
    (tmp_path / "a.edf").write_bytes(content)
    (tmp_path / "a.edf.gz").write_bytes(gzip.compress(content))
    (plain,), (packed,) = read_recordings(tmp_path / "a.edf"), read_recordings(tmp_path / "a.edf.gz")
    np.testing.assert_array_equal(plain.samples, packed.samples)


def test_a_file_that_becomes_shorter_is_told(tmp_path: Path) -> None:
    """Samples that are gone are no zeros."""
    path = tmp_path / "a.edf"
    path.write_bytes(edf_bytes([EdfSignal("Cz", np.arange(1000, dtype=np.int16), 250)]))
    (recording,) = read_recordings(path)
    path.write_bytes(path.read_bytes()[:-500])
    recording.pieces.read(0, 250)
    with pytest.raises(RecordingError, match="became shorter while it was read"):
        recording.pieces.read(0, 1000)


def test_bytes_are_counted_and_hashed_across_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of the bytes at once."""
    content = b"\r\nab\r\r\n\n\r" * 9 + b"\xef\xbf\xbd" * 5
    path = tmp_path / "x"
    path.write_bytes(content)
    for block in (1, 2, 3, 7, 1000):
        monkeypatch.setattr(file_bytes, "_BLOCK_BYTES", block)
        for pattern in (b"\n", b"\r\n", b"\xef\xbf\xbd"):
            assert count(StoredBytes(path), pattern) == content.count(pattern)
        assert sha256_of(StoredBytes(path)) == sha256_of(HeldBytes(content))
