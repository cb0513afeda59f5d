"""BIDS data sets as people share them: which files belong, and which table holds for each."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from eegstream.dsp.frontend import FrontEndSettings
from eegstream.errors import ConfigError
from tests.files.written import EdfSignal, edf_bytes, steps, write_brainvision
from trainer.data.cache import SignalCache
from trainer.data.preparation import Job, Prepared, Skipped, prepare
from trainer.data.sources.bids import bids
from trainer.data.splits import RecordingSource

SETTINGS = FrontEndSettings(256.0, 0.5, None)


def edf(path: Path, labels: Sequence[str] = ("Fp1", "Cz", "Aux1")) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = steps(len(labels), 128 * 6)
    path.write_bytes(edf_bytes([EdfSignal(label, x, 128) for label, x in zip(labels, data, strict=True)]))
    return path


def table(path: Path, rows: Sequence[str], columns: str = "name type units status") -> None:
    text = "\n".join([columns, *rows]).replace(" ", "\t")
    path.write_text(text + "\n", encoding="utf-8")


def channels_of(source: RecordingSource, cache: Path) -> tuple[str, ...] | str:
    """The channels that are prepared of a recording, or why it is left out."""
    job = Job(source, SETTINGS, (), SignalCache(cache))
    (outcome,) = prepare([job], None, strict=False)
    if isinstance(outcome, Skipped):
        return outcome.why
    assert isinstance(outcome, Prepared)
    entry = job.cache.find(job.key(job.cache.read_content(source), None, 0))
    assert entry is not None
    return entry.labels


def sources(root: Path, **settings) -> list[RecordingSource]:
    split = bids(str(root), **settings).split
    return sorted((source for side in split.values() for source in side), key=lambda source: source.path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two subjects, one of them with sessions, acquisitions and runs."""
    root = tmp_path / "ds"
    for name in (
        "sub-01/eeg/sub-01_task-rest_eeg.edf",
        "sub-02/ses-a/eeg/sub-02_ses-a_task-rest_acq-x_run-1_eeg.EDF",
        "sub-02/ses-b/eeg/sub-02_ses-b_task-go_run-2_eeg.edf",
    ):
        edf(root / name)
    return root


def test_sessions_acquisitions_and_runs_belong_to_their_subject(root: Path) -> None:
    """Whatever the case of the suffix; tasks choose."""
    assert [source.subject for source in sources(root)] == ["01", "02", "02"]
    assert [Path(source.path).name[:15] for source in sources(root, tasks=["rest"])] == [
        *("sub-01_task-res", "sub-02_ses-a_ta")
    ]
    with pytest.raises(ConfigError, match="no EEG recording in BIDS form of task sleep"):
        bids(str(root), tasks=["sleep"])


def test_only_subjects_folders_belong_to_the_set(root: Path) -> None:
    """Copies elsewhere, hidden ones, other data types and what .bidsignore covers are no part of it."""
    first = root / "sub-01/eeg/sub-01_task-rest_eeg.edf"
    for where in ("sourcedata/sub-03/eeg", "derivatives/x/sub-01/eeg", "code", ".datalad/sub-04/eeg", "sub-01/beh"):
        (root / where).mkdir(parents=True)
        shutil.copy(first, root / where / "sub-03_task-rest_eeg.edf")
    edf(root / "sub-05/eeg/sub-05_task-rest_eeg.edf")
    edf(root / "sub-01/eeg/sub-01_task-test_eeg.edf")
    (root / ".bidsignore").write_text("# not finished\nsub-05/\n*task-test*\n")
    assert [source.subject for source in sources(root)] == ["01", "02", "02"]
    assert bids(str(root)).left_out == ()


def test_what_is_no_bids_recording_is_told(root: Path) -> None:
    """Another format, another name, and content that is not here; companions and tables are none."""
    folder = root / "sub-01/eeg"
    (folder / "sub-01_task-rest_eeg.fif").write_bytes(b"x")
    edf(folder / "resting.edf")
    (folder / "sub-01_task-go_eeg.bdf").symlink_to("../../.git/annex/objects/x")
    table(folder / "sub-01_task-rest_channels.tsv", ["Cz EEG uV good"])
    (folder / "sub-01_task-rest_eeg.json").write_text("{}")
    told = {Path(one.name).name: one.why for one in bids(str(root)).left_out}
    assert told["sub-01_task-rest_eeg.fif"] == ".fif is not a format of EEG-BIDS, expected .edf, .bdf, .vhdr, .set"
    assert "its name is not a BIDS name of a recording" in told["resting.edf"]
    assert "datalad get" in told["sub-01_task-go_eeg.bdf"]
    assert len(told) == 3


def test_a_header_whose_samples_are_not_here_is_told(root: Path) -> None:
    """As DataLad leaves BrainVision: headers are text, samples are annexed."""
    folder = root / "sub-06/eeg"
    folder.mkdir(parents=True)
    header = write_brainvision(folder, None).rename(folder / "sub-06_task-rest_eeg.vhdr")
    (folder / "rec.eeg").unlink()
    (folder / "rec.eeg").symlink_to("../../.git/annex/objects/x")
    (one,) = bids(str(root)).left_out
    assert (one.name, one.data_set) == (header.relative_to(root).as_posix(), "ds")
    assert one.why.startswith("its samples are in rec.eeg")


def test_the_nearest_table_whose_entities_fit_holds(root: Path) -> None:
    """From the recording's folder up to the root; of several in one folder the most precise."""
    for name in ("task-rest_channels.tsv", "channels.tsv", "sub-02/ses-b/ses-b_run-9_channels.tsv"):
        table(root / name, ["Cz EEG uV good"])
    table(root / "sub-02/ses-a/eeg/sub-02_ses-a_task-rest_acq-x_channels.tsv", ["Cz EEG uV good"])
    table(root / "sub-02/ses-a/eeg/sub-02_electrodes.tsv", ["Cz EEG uV good"])
    assert [Path(str(source.channels)).relative_to(root).as_posix() for source in sources(root)] == [
        "task-rest_channels.tsv",
        "sub-02/ses-a/eeg/sub-02_ses-a_task-rest_acq-x_channels.tsv",
        "channels.tsv",
    ]


def test_without_a_table_labels_decide(root: Path, tmp_path: Path) -> None:
    """As for every other recording."""
    assert {channels_of(source, tmp_path / "cache") for source in sources(root)} == {("Fp1", "Cz")}


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        (["Fp1 eeg uV good", "Cz EEG uV BAD", "Aux1 misc n/a n/a"], ("Fp1",)),
        (["Fp1 n/a uV good", "Cz N/A uV n/a", "Aux1 n/a n/a good"], ("Fp1", "Cz")),
        (["Fp1 EOG uV good", "Cz EEG uV good", "Aux1 EEG uV good"], ("Cz",)),
        (["EEG_FP1 EEG uV good", "cz-Ref EOG uV good", "Aux1 TRIG uV good"], ("Fp1",)),
        (["A1 EOG uV good", "A2 EEG uV good", "A3 MISC uV good"], ("Cz",)),
        (["A1 EEG uV good", "A2 EEG uV good"], "channels.tsv has 2 rows (A1, A2), and none has the name of one of"),
    ],
)
def test_types_and_marks_of_a_table_count(root: Path, tmp_path: Path, rows: list[str], kept: object) -> None:
    """In any case, under names that differ in case, prefix or reference, by position if no name fits."""
    table(root / "sub-01/eeg/sub-01_task-rest_channels.tsv", rows)
    found = channels_of(sources(root)[0], tmp_path / "cache")
    assert found == kept if isinstance(kept, tuple) else str(found).startswith(str(kept))


def test_a_table_finds_eeg_where_labels_see_none(root: Path, tmp_path: Path) -> None:
    """E1 and E2 are eyes, unless somebody says that they are EEG; what says nothing is judged by its label."""
    edf(root / "sub-01/eeg/sub-01_task-rest_eeg.edf", ("E1", "E2", "ECG"))
    (source, *_) = sources(root)
    assert "no EEG channel" in str(channels_of(source, tmp_path / "cache"))
    table(root / "sub-01/eeg/sub-01_task-rest_channels.tsv", ["E1 EEG uV good", "E2 EEG uV good", "ECG n/a uV good"])
    assert channels_of(sources(root)[0], tmp_path / "cache") == ("E1", "E2")
