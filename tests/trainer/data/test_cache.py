"""What is prepared once is found again, and only then."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegstream.dsp.frontend import FrontEndSettings
from trainer.data.cache import Entry, SignalCache
from trainer.data.splits import RecordingSource

SETTINGS = FrontEndSettings(256.0, 0.5, None)


def entry(lengths, channels=2):
    return Entry(500.0, tuple(f"E{n}" for n in range(channels)), ("ECG",), tuple(lengths), ("odd",))


@given(st.lists(st.integers(1, 50), max_size=5), st.integers(1, 4))
def test_segments_come_back_to_the_bit(tmp_path_factory, lengths, channels):
    """However many there are."""
    cache = SignalCache(tmp_path_factory.mktemp("cache"))
    rng = np.random.default_rng(0)
    segments = [rng.standard_normal((channels, length)).astype(np.float32) for length in lengths]
    cache.put("ab" * 16, entry(lengths, channels), segments)
    found = cache.find("ab" * 16)
    assert found == entry(lengths, channels)
    for before, after in zip(segments, cache.segments("ab" * 16, found), strict=True):
        np.testing.assert_array_equal(before, after)
        assert not after.flags.writeable, "it is mapped, not read"


def test_an_entry_is_there_whole_or_not_at_all(tmp_path):
    """Samples without their description are no entry."""
    cache = SignalCache(tmp_path)
    assert cache.find("ab" * 16) is None
    cache.put("ab" * 16, entry([3]), [np.zeros((2, 3), np.float32)])
    (tmp_path / "ab" / f"{'ab' * 16}.json").unlink()
    assert cache.find("ab" * 16) is None
    assert not list(tmp_path.glob("**/.writing*"))


def test_whatever_changes_a_sample_changes_the_key(tmp_path):
    """Content, every setting of the signal path, the device that is imitated."""
    cache = SignalCache(tmp_path)
    keys = {
        cache.key("content", SETTINGS, None),
        cache.key("other", SETTINGS, None),
        cache.key("content", SETTINGS, 128.0),
        cache.key("content", FrontEndSettings(None, 0.5, None), None),
        cache.key("content", FrontEndSettings(256.0, 1.0, None), None),
        cache.key("content", FrontEndSettings(256.0, 0.5, 50.0), None),
    }
    assert len(keys) == 6
    assert cache.key("content", SETTINGS, None) in keys


def test_a_file_is_read_again_only_if_it_has_changed(tmp_path):
    """By size and time; the same bytes elsewhere are the same content."""
    cache = SignalCache(tmp_path / "cache")
    path, other = tmp_path / "a.csv", tmp_path / "b.csv"
    path.write_text("one")
    other.write_text("one")
    source = RecordingSource("set", "S", str(path))
    assert cache.known_content(source) is None
    content = cache.read_content(source)
    assert cache.known_content(source) == content
    assert cache.read_content(RecordingSource("set", "S", str(other))) == content
    path.write_text("two")
    os.utime(path, ns=(1, 1))
    assert cache.known_content(source) is None
    assert cache.read_content(source) != content


def header(folder: Path) -> Path:
    (folder / "a.vhdr").write_text("[Common Infos]\nDataFile=samples.eeg\nMarkerFile=a.vmrk\n")
    return folder / "a.vhdr"


@pytest.mark.parametrize("companion", ["samples.eeg", "a.vmrk", "channels.tsv"])
def test_companions_of_a_header_count(tmp_path, companion):
    """A BrainVision header holds no sample: its own bytes do not tell whether they have changed."""
    cache = SignalCache(tmp_path / "cache")
    table = tmp_path / "channels.tsv"
    for name in ("samples.eeg", "a.vmrk", "channels.tsv"):
        (tmp_path / name).write_text("before")
    source = RecordingSource("set", "S", str(header(tmp_path)), str(table))
    content = cache.read_content(source)
    (tmp_path / companion).write_text("behind it")
    assert cache.known_content(source) is None
    assert cache.read_content(source) != content


def test_neighbours_do_not_count(tmp_path):
    """Another recording in the same folder is another recording."""
    cache = SignalCache(tmp_path / "cache")
    source = RecordingSource("set", "S", str(header(tmp_path)))
    content = cache.read_content(source)
    (tmp_path / "a2.vhdr").write_text("x")
    (tmp_path / "a_rest.vhdr").write_text("x")
    assert cache.known_content(source) == content
