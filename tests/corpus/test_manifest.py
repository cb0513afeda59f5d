"""The manifest is read whatever a crash has left of it."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegstream.corpus.manifest import NAME, Entry, Manifest


def entry(number: int, **more: object) -> Entry:
    """A line for `number`."""
    said = {
        "path": f"/in/{number}.edf", "size": number, "modified_ns": (1,), "sha256": "ab", "output": f"{number}.mcap",
        "bundle": "b@1", "bundle_sha256": "cd", "options": {"format": "mcap"}, "status": "done", "seconds": 1.0,
        "version": "0.1.0",
    }  # fmt: skip
    return Entry.model_validate(said | more)


@settings(max_examples=25)
@given(st.integers(0, 2000))
def test_a_line_that_was_cut_off_counts_as_none(tmp_path_factory: pytest.TempPathFactory, length: int) -> None:
    """Whole lines before it stay, and so does what is appended after it."""
    folder = tmp_path_factory.mktemp("out")
    manifest = Manifest(folder)
    whole = []
    for number in range(4):
        manifest.append(entry(number))
        whole.append((folder / NAME).stat().st_size)
    (folder / NAME).write_bytes((folder / NAME).read_bytes()[:length])
    manifest.append(entry(9))
    found, _ = manifest.read()
    # a line is also whole without its line end
    assert found == {e.output: e for e in (*(entry(n) for n in range(4) if whole[n] - 1 <= length), entry(9))}


def test_the_last_line_counts(tmp_path: Path) -> None:
    """Of one output; and it is the only one after the file is written anew."""
    manifest = Manifest(tmp_path)
    for size in (1, 2, 3):
        manifest.append(entry(7, size=size))
    found, more = manifest.read()
    assert (found["7.mcap"].size, more) == (3, 2)
    manifest.replace(found)
    assert manifest.read() == (found, 0)


def test_fields_of_a_later_version_are_kept(tmp_path: Path) -> None:
    """Also when the file is written anew."""
    manifest = Manifest(tmp_path)
    manifest.append(entry(1, heard="later"))
    manifest.replace(manifest.read()[0])
    assert '"heard": "later"' in (tmp_path / NAME).read_text()
