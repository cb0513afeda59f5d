"""What is a recording is known by its name, what is not here by its content."""

import os
from pathlib import Path

import pytest

from eegstream.files.path_patterns import fits, is_ignored
from eegstream.files.recording_files import absent, files_below, left_out_because, looks_like_recording
from tests.files import written

WRITERS = [
    lambda folder: written.write_brainvision(folder, ["New Segment,,1,1,0"]),
    lambda folder: written.write_brainvision(folder, ["New Segment,,1,1,0"], ".ahdr"),
    *(written.write_nicolet, written.write_egi_raw, written.write_neuroscan, written.write_persyst),
    *(written.write_nihon, written.write_mff, written.write_ant, written.write_eeglab),
]
ANNEXED = "../.git/annex/objects/x/y/SHA256E-s100--0.edf"


@pytest.mark.parametrize("write", WRITERS)
def test_of_each_format_one_file_is_the_recording(tmp_path: Path, write) -> None:
    """Its companions, and the notes beside it, are none."""
    recording = write(tmp_path)
    for name in ("rec.json", "rec_channels.tsv", "notes.md"):
        (tmp_path / name).write_text("x")
    assert [path for path in files_below(tmp_path) if looks_like_recording(path)] == [recording]
    assert left_out_because(recording) is None


@pytest.mark.parametrize(
    "name", ["a.edf", "a.EDF", "a.Bdf", "a.gdf", "a.rec", "a.xdf", "a.xdfz", "a.XDF.GZ", "a.fif", "a.fif.gz", "a.csv"]
)
def test_case_does_not_count(tmp_path: Path, name: str) -> None:
    """Nor does gzip."""
    (tmp_path / name).write_bytes(b"x")
    assert looks_like_recording(tmp_path / name)


@pytest.mark.parametrize("name", ["a.vmrk", "a.fdt", "a.json", "a.tsv", "a.m", "a.pdf", "a", "a.nii.gz"])
def test_other_files_are_none(tmp_path: Path, name: str) -> None:
    """Nothing is said of them."""
    (tmp_path / name).write_bytes(b"x")
    assert not looks_like_recording(tmp_path / name)


def test_a_text_is_one_if_it_holds_a_table(tmp_path: Path) -> None:
    """Of numbers, or as OpenBCI begins it; a README is none, with versions and dates in it or not."""
    texts = {
        "gui.TXT": "%OpenBCI Raw EXG Data\n%Sample Rate = 250 Hz\n",
        "table.txt": "time Cz\n" + "0.1 2e-3\n" * 5,
        "semicolons.asc": "1,5;2,5\n" * 5,
        "README.txt": "Version 1.0 of 2024-01-01\nRecorded with 32 electrodes\nAt 500 Hz, 20 people\n",
        "LICENSE.txt": "1. Grant\n2. Terms\n3. End\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    assert {path.name for path in tmp_path.iterdir() if looks_like_recording(path)} == {
        *("gui.TXT", "table.txt", "semicolons.asc")
    }


def test_the_next_file_of_a_long_fif_recording_belongs_to_the_first(tmp_path: Path) -> None:
    """By itself it is one."""
    for name in ("a_raw.fif", "a_raw-1.fif", "b-1.fif"):
        (tmp_path / name).touch()
    assert [path.name for path in files_below(tmp_path) if looks_like_recording(path)] == ["a_raw.fif", "b-1.fif"]


def test_absent_content_is_told_with_how_to_get_it(tmp_path: Path) -> None:
    """Links and pointers of git-annex, pointers of Git LFS, other links, absent files, pipes."""
    (tmp_path / "link.edf").symlink_to(ANNEXED)
    (tmp_path / "other.edf").symlink_to("nowhere.edf")
    (tmp_path / "unlocked.edf").write_text("/annex/objects/SHA256E-s100--0.edf\n")
    (tmp_path / "lfs.edf").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    os.mkfifo(tmp_path / "pipe.edf")
    (tmp_path / "there.edf").write_bytes(b"0")
    annex = "its content is not on this machine: fetch it with `git annex get` or `datalad get`"
    assert absent(tmp_path / "link.edf") == f"it is a broken link, {annex}"
    assert absent(tmp_path / "other.edf") == "it is a broken link (nowhere.edf)"
    assert absent(tmp_path / "unlocked.edf") == f"it is a pointer to its content, {annex}"
    assert str(absent(tmp_path / "lfs.edf")).endswith("fetch it with `git lfs pull`")
    assert absent(tmp_path / "pipe.edf") == "it is not a regular file"
    assert absent(tmp_path / "none.edf") == "the file does not exist"
    assert absent(tmp_path / "there.edf") is None


@pytest.mark.parametrize("write", [WRITERS[0], written.write_persyst, lambda f: written.write_eeglab(f, fdt=True)])
def test_samples_that_are_not_here_are_told_by_their_header(tmp_path: Path, write) -> None:
    """Headers are small and stand in git; what they belong to is annexed."""
    recording = write(tmp_path)
    samples = next(path for path in tmp_path.iterdir() if path.suffix in (".eeg", ".dat", ".fdt"))
    samples.unlink()
    samples.symlink_to(ANNEXED)
    why = left_out_because(recording)
    assert why is not None
    assert why.startswith(f"its samples are in {samples.name}: it is a broken link")
    assert "git annex get" in why


def test_a_format_that_is_a_folder_may_lack_a_part(tmp_path: Path) -> None:
    """It is named."""
    recording = written.write_mff(tmp_path)
    (recording / "signal1.bin").unlink()
    (recording / "signal1.bin").symlink_to(ANNEXED)
    assert str(left_out_because(recording)).startswith("signal1.bin inside: it is a broken link")


@pytest.mark.parametrize(
    ("name", "why"), [("a.cdt", "a.cdt is Curry, a format that is not supported"), ("a.mat", ".mat is not supported")]
)
def test_formats_that_are_not_read_are_told(tmp_path: Path, name: str, why: str) -> None:
    """They may well be EEG."""
    (tmp_path / name).write_bytes(b"x" * 9)
    assert looks_like_recording(tmp_path / name)
    assert why in str(left_out_because(tmp_path / name))


def test_folders_are_gone_through_once_and_hidden_ones_not(tmp_path: Path) -> None:
    """Links may lead back up."""
    for name in ("a/1.edf", ".datalad/2.edf", "a/._1.edf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path / "a")
    assert list(files_below(tmp_path)) == [tmp_path / "a" / "1.edf"]
    assert list(files_below(tmp_path, depth=1)) == []


def test_patterns_fit_whole_paths_in_any_case() -> None:
    """As those of pathlib do, but for case."""
    assert fits("a/B_1.EDF", "**/*.edf")
    assert fits("b.edf", "**/*.edf")
    assert fits("a/b/c.edf", "A/**/c.[ef]df")
    assert not fits("a/b.edf", "*.edf")
    assert not fits("a/b.edfx", "**/*.edf")


def test_rules_of_what_is_ignored() -> None:
    """As in .gitignore: names at any depth, paths from the top, folders, exceptions; the last that fits counts."""
    rules = ["# notes", "", "*_bad_eeg.edf", "/sub-02/", "sub-03/**/eeg/*.bdf", "!sub-02/eeg/sub-02_eeg.edf"]
    assert is_ignored("sub-01/eeg/sub-01_bad_eeg.edf", rules)
    assert is_ignored("sub-02/eeg/x.edf", rules)
    assert not is_ignored("sub-02/eeg/sub-02_eeg.edf", rules)
    assert is_ignored("sub-03/eeg/a.bdf", rules)
    assert is_ignored("sub-03/ses-1/eeg/a.bdf", rules)
    assert not is_ignored("sub-01/eeg/sub-01_eeg.edf", rules)
