"""Gzip files: read whole, refused when they would fill the memory."""

import gzip
import tracemalloc
import zlib

import pytest

from eegstream.errors import RecordingError
from eegstream.files import unpacking
from eegstream.files.recordings import read_recording
from eegstream.files.unpacking import unpack
from tests.files.test_recordings import CSV

MIB = 1 << 20


def _zeros(mib: int) -> bytes:
    packer = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    return b"".join(packer.compress(bytes(MIB)) for _ in range(mib)) + packer.flush()


def test_a_bomb_is_refused_in_little_memory(tmp_path):
    """A file that unpacks to a thousand times its size; the line says what came, what is allowed and what to do."""
    path = tmp_path / "x.csv.gz"
    path.write_bytes(_zeros(400))
    tracemalloc.start()
    with pytest.raises(RecordingError, match=r"bytes and unpacks to more than 78 MiB, .* gunzip") as caught:
        read_recording(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * MIB
    assert "\n" not in str(caught.value)


def test_small_files_may_grow_as_they_like(tmp_path):
    """Up to 64 MiB, the ratio does not matter: a flat text packs well."""
    assert unpack(_zeros(60), "x.csv.gz", tmp_path).stat().st_size == 60 * MIB


def test_no_file_unpacks_to_more_than_the_limit(tmp_path, monkeypatch):
    """Whatever its ratio."""
    monkeypatch.setattr(unpacking, "_MOST_BYTES", 2 * MIB)
    with pytest.raises(RecordingError, match="more than 2 MiB"):
        unpack(_zeros(3), "x.csv.gz", tmp_path)


def test_every_member_is_read(tmp_path):
    """bgzip and `cat` make files of several members; reading only the first would lose the rest silently."""
    text = CSV.encode()
    half = text.index(b"\n", len(text) // 2) + 1
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(text))
    whole = read_recording(path)
    path.write_bytes(gzip.compress(text[:half]) + gzip.compress(text[half:]) + bytes(512))
    assert (read_recording(path).samples == whole.samples).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda packed: packed[:-9], "ends too early"),
        (lambda packed: packed[:10], "ends too early"),
        (lambda packed: packed[:60] + bytes(20) + packed[80:], "damaged"),
        (lambda _: gzip.compress(b""), "0 bytes"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, change, message):
    """In one line, wherever the damage is."""
    path = tmp_path / "x.csv.gz"
    path.write_bytes(change(gzip.compress(CSV.encode() * 30)))
    with pytest.raises(RecordingError, match=message):
        read_recording(path)


@pytest.mark.parametrize("path", ["/dev/zero", "a\0b", "x" * 300])
def test_a_path_that_is_no_file_is_refused(path):
    """Neither read for ever nor a traceback."""
    with pytest.raises(RecordingError, match=r"device|cannot be read"):
        read_recording(path)
