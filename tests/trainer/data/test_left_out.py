"""Nothing is left out in silence: folders and lists tell what they do not take, and why."""

import json
from pathlib import Path

import pytest

from eegstream.dsp.frontend import FrontEndSettings
from eegstream.errors import ConfigError
from eegstream.workers.left_out import Skipped
from tests.files.written import EdfSignal, edf_bytes, steps
from tests.trainer.conftest import Run
from trainer.data.augment import Augmentation
from trainer.data.corpora import Corpus
from trainer.data.datamodule import CorpusDataModule
from trainer.data.left_out import account
from trainer.data.sources.file_list import file_list
from trainer.data.sources.folder import folder

ANNEXED = "../.git/annex/objects/x/y/z.edf"
ALL = {"recordings": {"subject": "([^/]+?)(?:[_-][^/]*)?\\.[^./]+$"}}


def edf(path: Path, labels=("Cz", "Oz"), seconds=6) -> None:
    path.parent.mkdir(exist_ok=True)
    data = steps(len(labels), 128 * seconds, seed=len(path.stem))
    path.write_bytes(edf_bytes([EdfSignal(label, x, 128) for label, x in zip(labels, data, strict=True)]))


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with recordings in any case, two of which are not here, and one format that nobody reads."""
    root = tmp_path / "clone"
    root.mkdir()
    for name in ("A_1.edf", "B_1.EDF", "C_1.Edf"):
        edf(root / name)
    for name in ("D_1.edf", "E_1.EDF"):
        (root / name).symlink_to(ANNEXED)
    (root / "F_1.nedf").write_bytes(b"x")
    (root / "notes.txt").write_text("Nothing but words\n")
    return root


def names(sources) -> list[str]:
    return sorted(Path(source.path).name for source in sources)


def test_a_folder_gives_what_is_here_and_tells_the_rest(clone: Path) -> None:
    """A subject of whom nothing is here is not drawn to validate."""
    corpus = folder(str(clone), ALL)
    assert names(s for side in corpus.split.values() for s in side) == ["A_1.edf", "B_1.EDF", "C_1.Edf"]
    assert len(corpus.split["val"]) == 1
    assert [one.name for one in corpus.left_out] == ["D_1.edf", "E_1.EDF", "F_1.nedf"]
    assert "datalad get" in corpus.left_out[0].why
    assert "Neuroelectrics .nedf, a format that is not supported" in corpus.left_out[2].why


def test_patterns_tell_only_what_they_name(clone: Path) -> None:
    """In any case; a path without a wildcard counts even where there is nothing."""
    corpus = folder(str(clone), {"own": {**ALL["recordings"], "files": ["*.edf", "Z_1.edf"]}})
    assert [(one.name, one.data_set) for one in corpus.left_out] == [
        ("D_1.edf", "own"),
        ("E_1.EDF", "own"),
        ("Z_1.edf", "own"),
    ]
    assert corpus.left_out[2].why == "the file does not exist"


def test_subjects_that_nobody_wants_are_not_told(clone: Path) -> None:
    """Who clones a part of a data set names it with `only`."""
    wanted = {"own": {**ALL["recordings"], "only": ["A", "B", "D"], "files": ["*.edf"]}}
    with pytest.raises(ConfigError, match=r"gives no subject D \(1 left out: D_1\.edf: it is a broken link"):
        folder(str(clone), wanted)
    corpus = folder(str(clone), {"own": {**ALL["recordings"], "without": ["D", "E", "F"]}})
    assert corpus.left_out == ()


def test_where_nothing_is_here_the_error_says_why(tmp_path: Path) -> None:
    """And not only that there is nothing."""
    (tmp_path / "a.edf").symlink_to(ANNEXED)
    with pytest.raises(ConfigError, match=r"no recording \(1 left out: a\.edf: .*git annex get"):
        folder(str(tmp_path), ALL)


def test_a_list_tells_what_is_not_here(clone: Path) -> None:
    """By the path that it states; sides are checked over all rows."""
    rows = [{"path": f"{name}", "subject": name[0]} for name in ("A_1.edf", "B_1.EDF", "D_1.edf", "X_1.edf")]
    (clone / "list.json").write_text(json.dumps(rows))
    corpus = file_list(str(clone / "list.json"))
    assert [(one.name, one.why.split(",")[0]) for one in corpus.left_out] == [
        ("D_1.edf", "it is a broken link"),
        ("X_1.edf", "the file does not exist"),
    ]
    with pytest.raises(ConfigError, match=r"hold_out has D, .* \(2 left out: D_1\.edf"):
        file_list(str(clone / "list.json"), hold_out=["D"])


def data(corpus: Corpus, cache: Path, **settings) -> CorpusDataModule:
    return CorpusDataModule(
        **{
            "source": corpus,
            "frontend": FrontEndSettings(256.0, 0.5, None),
            "patch_size": 128,
            "batch_size": 8,
            "batches_per_epoch": None,
            "seed": 1,
            "augmentation": Augmentation(),
            "rates_hz": (),
            "cache": str(cache),
            "scheduler": None,
            "strict": False,
            **settings,
        }
    )


def test_all_that_is_left_out_is_told_and_written_down(clone: Path, tmp_path: Path) -> None:
    """By the source and in preparing alike, each with its path below the root."""
    edf(clone / "sub" / "G_1.edf", labels=("ECG", "EOG"))
    (clone / "H_1.edf").write_bytes(b"")
    prepared = data(folder(str(clone), ALL, hold_out=["A"]), tmp_path / "cache", folder=str(tmp_path))
    told = [*prepared.sides()["train"].skipped]
    assert [line.partition(":")[0].split()[0] for line in told] == [
        *("D_1.edf", "E_1.EDF", "F_1.nedf", "H_1.edf", "G_1.edf")
    ]
    assert "G_1.edf has no EEG channel (ECG: its label says ECG" in told[4]
    written = json.loads((tmp_path / "left_out.json").read_text(encoding="utf-8"))["recordings"]
    assert sorted(name for names in written.values() for name in names) == [
        *("D_1.edf", "E_1.EDF", "F_1.nedf", "H_1.edf", "sub/G_1.edf")
    ]
    assert set(prepared.describe()) == {"train", "val"}


@pytest.mark.parametrize("seed", range(4))
def test_who_validates_is_drawn_among_those_who_can(tmp_path: Path, seed: int) -> None:
    """However few they are; where somebody was named, that holds, and the run ends."""
    root = tmp_path / "root"
    edf(root / "A_1.edf")
    edf(root / "B_1.edf")
    for name in "CDEF":
        edf(root / f"{name}_1.edf", labels=("ECG",))
    prepared = data(folder(str(root), ALL, seed=seed), tmp_path / "cache")
    sides = prepared.sides()
    assert sorted(one.name for side in sides.values() for one in side.recordings) == ["A_1.edf", "B_1.edf"]
    assert sorted(one.name[0] for side in sides.values() for one in side.skipped.skipped) == [*"CDEF"]
    named = data(folder(str(root), ALL, hold_out=["C"]), tmp_path / "cache")
    with pytest.raises(ConfigError, match=r"the val side has no patch.*C_1\.edf has no EEG channel"):
        named.sides()


def test_a_strict_run_names_all_that_the_source_lacks(clone: Path, tmp_path: Path) -> None:
    """In one line, before anything is prepared."""
    with pytest.raises(ConfigError, match=r"3 recordings cannot be used: D_1\.edf, E_1\.EDF, F_1\.nedf \(.*annex"):
        data(folder(str(clone), ALL), tmp_path / "cache", strict=True).sides()
    assert not (tmp_path / "cache").exists()


def test_preparing_tells_it_too(clone: Path, command: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """`trainer.prepare`, and with data.strict=true it fails."""
    run = command("prepare", "data=recordings", f"data.source.root={clone}", "data.scheduler=null")
    told = capsys.readouterr().out
    assert "3 left out:" in told
    assert all(name in told for name in ("D_1.edf", "E_1.EDF", "F_1.nedf"))
    assert set(json.loads((run / "left_out.json").read_text())) == {"recordings"}
    with pytest.raises(SystemExit) as left:
        command("prepare", "data=recordings", f"data.source.root={clone}", "data.strict=true")
    assert left.value.code == 78
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    assert "D_1.edf, E_1.EDF, F_1.nedf" in line


def test_many_are_told_by_their_causes() -> None:
    """With counts and the first names; names, numbers and brackets make no cause of its own."""
    links = [Skipped(f"s/{n}.edf", "it is a broken link") for n in range(30)]
    short = [Skipped(f"{n}.csv", f"{n}.csv holds {n} samples ({n} s), expected a recording") for n in range(12)]
    told = account([*links, *short, Skipped("x.csv", "x.csv is empty")])
    assert len(told) == 43
    assert list(told) == [
        "30: it is a broken link (s/0.edf, s/1.edf, s/2.edf, s/3.edf, s/4.edf, s/5.edf, s/6.edf, s/7.edf and 22 more)",
        "12: 0.csv holds 0 samples (0 s), expected a recording (0.csv, 1.csv, 2.csv, 3.csv, 4.csv, 5.csv, 6.csv, 7.csv "
        "and 4 more)",
        "x.csv is empty",
        "left_out.json in the run's folder lists all of them",
    ]
    assert list(account(links[:2])) == ["s/0.edf: it is a broken link", "s/1.edf: it is a broken link"]
