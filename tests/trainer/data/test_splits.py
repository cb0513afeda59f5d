"""Subjects stay on one side."""

import pytest

from eegstream.errors import ConfigError
from trainer.data import RecordingSource
from trainer.splits import Selection, Source, find_sources, hold_out, require_disjoint


@pytest.fixture
def root(tmp_path):
    """Three subjects with two files each, and one of another device."""
    for subject in ("00", "01", "02"):
        for run in (1, 2):
            (tmp_path / f"a/S{subject}_{run}.edf").parent.mkdir(exist_ok=True)
            (tmp_path / f"a/S{subject}_{run}.edf").touch()
    (tmp_path / "b").mkdir()
    (tmp_path / "b/subject7.csv").touch()
    return tmp_path


def selection(**more):
    return {"files": ["a/*.edf"], "subject": r"S(\d+)_", **more}


def test_files_are_found_by_pattern_and_subject(root):
    """`only` and `without` choose subjects; every file of a subject comes along."""
    chosen = Selection(**selection(without=["01"]))
    assert [s.path.name for s in find_sources(root, {"a": chosen})] == [
        "S00_1.edf",
        "S00_2.edf",
        "S02_1.edf",
        "S02_2.edf",
    ]
    (first, second) = find_sources(root, {"a": Selection(**selection(only=["01"]))})
    assert (first.data_set, first.subject, second.subject) == ("a", "01", "01")


def test_a_subject_on_both_sides_is_refused(root):
    """The error names it."""
    with pytest.raises(ConfigError, match=r"train and data\.val share a 01"):
        RecordingSource(str(root), {"a": selection()}, {"a": selection(only=["01"])})


def test_a_subject_in_validation_and_test_is_refused(root):
    """Every pair of sides counts."""
    with pytest.raises(ConfigError, match=r"val and data\.test share a 02"):
        RecordingSource(
            str(root),
            {"a": selection(only=["00"])},
            {"a": selection(only=["01", "02"])},
            {"a": selection(only=["02"])},
        )


def test_a_file_on_both_sides_is_refused_whatever_its_data_set_is_called(root):
    """Two names for one file do not make two subjects."""
    with pytest.raises(ConfigError, match=r"S00_1\.edf"):
        RecordingSource(str(root), {"a": selection(only=["00"])}, {"other": selection(subject=r"(S\d+)_")})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"files": ["c/*.edf"]}, "no recording"),
        ({"only": ["00", "09"]}, "no subject 09"),
        ({"subject": r"T(\d+)"}, "finds no subject in a/S00_1.edf"),
        ({"subject": r"S\d+"}, "one group"),
        ({"shares": 1}, "shares"),
        ({"share": 0}, "share"),
    ],
)
def test_a_selection_that_selects_nothing_is_refused(root, settings, message):
    """With a line that says what."""
    with pytest.raises(ConfigError, match=message):
        RecordingSource(str(root), {"a": {**selection(), **settings}})


def test_a_root_that_is_no_folder_is_refused(tmp_path):
    """The most likely mistake of all."""
    with pytest.raises(ConfigError, match="no folder"):
        RecordingSource(str(tmp_path / "nowhere"), {"a": selection()})


def test_holding_out_keeps_subjects_whole(root):
    """At least one subject of each data set validates, none on both sides, the same ones for the same seed."""
    sources = find_sources(root, {"a": Selection(**selection())})
    split = hold_out(sources, 0.2, seed=5)
    require_disjoint(split)
    assert len({s.subject for s in split["val"]}) == 1
    assert len({s.subject for s in split["train"]}) == 2
    assert sorted(split["train"] + split["val"], key=str) == sorted(sources, key=str)
    assert hold_out(sources, 0.2, seed=5) == split


def test_one_subject_cannot_be_held_out(root):
    """Nothing would be left to train on."""
    with pytest.raises(ConfigError, match="1 subject"):
        RecordingSource(str(root), {"b": {"files": ["b/*.csv"], "subject": r"subject(\d+)"}})


def test_the_split_can_be_written_out(root):
    """By side, data set and subject, relative to the root."""
    source = RecordingSource(str(root), {"a": selection(without=["02"])}, {"a": selection(only=["02"])})
    assert source.describe() == {
        "train": {"a": {"00": ["a/S00_1.edf", "a/S00_2.edf"], "01": ["a/S01_1.edf", "a/S01_2.edf"]}},
        "val": {"a": {"02": ["a/S02_1.edf", "a/S02_2.edf"]}},
    }


def test_disjoint_sides_pass(tmp_path):
    """The same name in two data sets is two people."""
    paths = [tmp_path / name for name in ("x", "y")]
    require_disjoint({"train": [Source("a", "1", paths[0])], "val": [Source("b", "1", paths[1])]})
