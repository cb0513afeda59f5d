"""Subjects stay on one side, whatever chooses the sides."""

import json

import pytest

from eegstream.errors import ConfigError
from trainer.data.sources.folder import folder
from trainer.data.sources.selections import RecordingSelection, find_sources
from trainer.data.sources.synthetic import synthetic
from trainer.data.splits import RecordingSource, SplitRule, require_disjoint


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


def names(sources):
    return [source.path.rpartition("/")[2] for source in sources]


SOURCES = [RecordingSource("a", f"{n:02}", f"a/{n}-{run}.edf") for n in range(10) for run in (1, 2)]


def test_files_are_found_by_pattern_and_subject(root):
    """`only` and `without` choose subjects; every file of a subject comes along, once however many patterns name it."""
    chosen = RecordingSelection(**selection(files=["a/*.edf", "a/S0*.edf"], without=["01"]))
    assert names(find_sources(root, {"a": chosen})[0]) == ["S00_1.edf", "S00_2.edf", "S02_1.edf", "S02_2.edf"]
    (first, second), _ = find_sources(root, {"a": RecordingSelection(**selection(only=["01"]))})
    assert (first.data_set, first.subject, second.subject) == ("a", "01", "01")


def test_a_subject_on_both_sides_is_refused(root):
    """The error names it."""
    with pytest.raises(ConfigError, match=r"a 01 is on two sides, train and val"):
        folder(str(root), {"a": selection()}, {"a": selection(only=["01"])})


def test_a_subject_in_validation_and_test_is_refused(root):
    """Every pair of sides counts."""
    with pytest.raises(ConfigError, match=r"a 02 is on two sides, val and test"):
        folder(
            str(root),
            {"a": selection(only=["00"])},
            {"a": selection(only=["01", "02"])},
            {"a": selection(only=["02"])},
        )


def test_a_file_on_both_sides_is_refused_whatever_its_data_set_is_called(root):
    """Two names for one file do not make two subjects."""
    with pytest.raises(ConfigError, match=r"S00_1\.edf"):
        folder(str(root), {"a": selection(only=["00"])}, {"other": selection(subject=r"(S\d+)_")})


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
        folder(str(root), {"a": {**selection(), **settings}})


def test_a_root_that_is_no_folder_is_refused(tmp_path):
    """The most likely mistake of all."""
    with pytest.raises(ConfigError, match="not a folder"):
        folder(str(tmp_path / "nowhere"), {"a": selection()})


def test_a_share_is_held_out_by_subject():
    """Two of ten subjects validate with all their recordings; the same ones for the same seed, others for another."""
    split = SplitRule(0.2, seed=5)(SOURCES)
    require_disjoint(split)
    assert len({s.subject for s in split["val"]}) == 2
    assert sorted(split["train"] + split["val"], key=str) == sorted(SOURCES, key=str)
    assert SplitRule(0.2, seed=5)(SOURCES) == split
    assert any(SplitRule(0.2, seed=seed)(SOURCES) != split for seed in range(5))


def test_the_order_in_which_recordings_are_found_does_not_matter():
    """Nor does how many recordings a subject has."""
    backwards = SplitRule(0.2, seed=5)(SOURCES[::-1])
    assert {s.subject for s in backwards["val"]} == {s.subject for s in SplitRule(0.2, seed=5)(SOURCES)["val"]}


def test_a_single_subject_of_a_data_set_trains():
    """Where another data set can give one up; else there is an error."""
    lone = RecordingSource("b", "7", "b/7.csv")
    assert lone in SplitRule()([*SOURCES, lone])["train"]
    with pytest.raises(ConfigError, match=r"none can be held out \(b: 7\)"):
        SplitRule()([lone])


@pytest.mark.parametrize("named", ["03", "a/03"])
def test_subjects_are_held_out_by_list(named):
    """By name, or by data set and name."""
    split = SplitRule(hold_out=(named,))([*SOURCES, RecordingSource("b", "03", "b/3.edf")])
    assert {(s.data_set, s.subject) for s in split["val"]} == (
        {("a", "03"), ("b", "03")} if named == "03" else {("a", "03")}
    )


def test_a_list_with_a_stranger_is_refused():
    """It names the stranger, and who is there."""
    with pytest.raises(ConfigError, match=r"77.*a/00, a/01"):
        SplitRule(hold_out=("77",))(SOURCES)


def test_a_list_that_leaves_nobody_to_train_is_refused():
    """A side without subjects is no side."""
    with pytest.raises(ConfigError, match="the train side of the split has no subject"):
        SplitRule(hold_out=tuple(f"{n:02}" for n in range(10)))(SOURCES)


@pytest.mark.parametrize("share", [0, 1, -0.5])
def test_an_impossible_share_is_refused(share):
    """Nothing or everything cannot be held out."""
    with pytest.raises(ConfigError, match="hold_out_share"):
        SplitRule(share)(SOURCES)


def test_another_run_s_split_is_repeated(root):
    """From its split.json, to the recording; with a newcomer it is refused."""
    first = folder(str(root), {"a": selection()}, hold_out_share=0.3, seed=3)
    written = root / "split.json"
    written.write_text(json.dumps(first.describe()))
    again = folder(str(root), {"a": selection()}, split_file=str(written), seed=99)
    assert again.describe() == first.describe()
    (root / "a/S09_1.edf").touch()
    with pytest.raises(ConfigError, match="a/09"):
        folder(str(root), {"a": selection()}, split_file=str(written))


@pytest.mark.parametrize("content", ["", "[]", "{", '{"train": 3}'])
def test_a_file_that_is_no_split_is_refused(root, content):
    """One line."""
    (root / "split.json").write_text(content)
    with pytest.raises(ConfigError, match="is not a split"):
        folder(str(root), {"a": selection()}, split_file=str(root / "split.json"))


def test_the_split_can_be_written_out(root):
    """By side, data set and subject, relative to the root."""
    corpus = folder(str(root), {"a": selection(without=["02"])}, {"a": selection(only=["02"])})
    assert corpus.describe() == {
        "train": {"a": {"00": ["a/S00_1.edf", "a/S00_2.edf"], "01": ["a/S01_1.edf", "a/S01_2.edf"]}},
        "val": {"a": {"02": ["a/S02_1.edf", "a/S02_2.edf"]}},
    }


def test_made_up_recordings_are_all_different():
    """No seed stands twice, on any side."""
    corpus = synthetic([128.0, 256.0], 4, 10, {"train": 5, "val": 3, "test": 1}, seed=2)
    paths = [source.path for sources in corpus.split.values() for source in sources]
    assert len(set(paths)) == len(paths) == 9
    assert "rate=128" in paths[0]
    assert "rate=256" in paths[1]
