"""Lists of recordings and BIDS data sets, as their owners have them."""

import csv
import json

import mne
import numpy as np
import pytest
from mne_bids import BIDSPath, write_raw_bids

from eegstream.dsp.frontend import FrontEndSettings
from eegstream.errors import ConfigError
from trainer.data.cache import SignalCache
from trainer.data.preparation import Job, prepare
from trainer.data.sources.bids import bids
from trainer.data.sources.file_list import file_list

ROWS = [
    {"path": f"{data_set}/{subject}.edf", "dataset": data_set, "subject": subject, "license": f"licence of {data_set}"}
    for data_set in ("one", "two")
    for subject in ("A", "B", "C")
]


def write(path, rows):
    """A manifest in the form that its name says, with files for what it lists."""
    for row in rows:
        (path.parent / row["path"]).parent.mkdir(exist_ok=True)
        (path.parent / row["path"]).touch()
    if path.suffix == ".json":
        path.write_text(json.dumps(rows))
    else:
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter="\t" if path.suffix == ".tsv" else ",")
            writer.writeheader()
            writer.writerows(rows)
    return str(path)


@pytest.mark.parametrize("name", ["list.json", "list.csv", "list.tsv"])
def test_a_manifest_says_whose_recordings_they_are(tmp_path, name):
    """In any of three forms; one subject of each data set is held out."""
    corpus = file_list(write(tmp_path / name, ROWS))
    assert {side: len(sources) for side, sources in corpus.split.items()} == {"train": 4, "val": 2}
    assert {source.data_set for source in corpus.split["val"]} == {"one", "two"}
    assert corpus.attributions == {"one": "one: licence of one", "two": "two: licence of two"}
    (source, *_) = corpus.split["train"]
    assert source.path == str(tmp_path / f"{source.data_set}/{source.subject}.edf")


def test_data_sets_can_be_chosen_and_weighed(tmp_path):
    """By name; an unknown one is refused, with the known ones."""
    path = write(tmp_path / "list.json", ROWS)
    corpus = file_list(path, data_sets=["two"], shares={"two": 0.4})
    assert {source.data_set for sources in corpus.split.values() for source in sources} == {"two"}
    assert corpus.shares == {"two": 0.4}
    with pytest.raises(ConfigError, match=r"no data set three.*one, two"):
        file_list(path, data_sets=["three"])


def test_a_manifest_may_state_the_sides(tmp_path):
    """For all recordings or none."""
    sides = ["train", "train", "val", "train", "test", "val"]
    rows = [{**row, "split": side} for row, side in zip(ROWS, sides, strict=True)]
    corpus = file_list(write(tmp_path / "list.csv", rows))
    assert [len(corpus.split[side]) for side in ("train", "val", "test")] == [3, 2, 1]
    for wrong in ("", "validation"):
        rows[0]["split"] = wrong
        with pytest.raises(ConfigError, match="gives `split` for some"):
            file_list(write(tmp_path / "list.csv", rows))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not a manifest"),
        ("{}", "is not a list"),
        ('[{"path": "a.edf"}]', "recording 1: subject"),
        ("[3]", "recording 1"),
        ("[]", "no recording"),
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path, content, message):
    """With the place that is wrong."""
    path = tmp_path / "list.json"
    path.write_text(content)
    with pytest.raises(ConfigError, match=message):
        file_list(str(path))


@pytest.fixture(scope="module")
def data_set(tmp_path_factory):
    """Three subjects in BIDS, written by MNE-BIDS; the second one's Fz is marked as bad afterwards."""
    root = tmp_path_factory.mktemp("study")
    for subject in ("01", "02", "03"):
        rng = np.random.default_rng(int(subject))
        info = mne.create_info(["Cz", "Fz", "EOG1", "STI1"], 250.0, ["eeg", "eeg", "eog", "stim"])
        raw = mne.io.RawArray(rng.standard_normal((4, 2500)) * 1e-5, info, verbose="ERROR")
        raw.set_meas_date(0)
        path = BIDSPath(subject=subject, task="rest", datatype="eeg", root=root)
        write_raw_bids(raw, path, format="BrainVision", allow_preload=True, overwrite=True, verbose="ERROR")
    table = root / "sub-02/eeg/sub-02_task-rest_channels.tsv"
    lines = [line.replace("good", "bad") if line.startswith("Fz") else line for line in table.read_text().splitlines()]
    table.write_text("\n".join(lines) + "\n")
    (root / "derivatives/x/sub-01/eeg").mkdir(parents=True)
    (root / "derivatives/x/sub-01/eeg/sub-01_task-rest_eeg.edf").touch()
    return root


@pytest.mark.filterwarnings("ignore")
def test_a_bids_data_set_is_read(data_set, tmp_path):
    """Every subject's recording, split by subject; types and bad channels as channels.tsv has them."""
    corpus = bids(str(data_set), hold_out=["03"])
    assert {side: [s.subject for s in sources] for side, sources in corpus.split.items()} == {
        "train": ["01", "02"],
        "val": ["03"],
    }
    assert corpus.attributions[data_set.name].endswith("licence not stated")
    settings = FrontEndSettings(256.0, 0.5, None)
    sources = corpus.split["train"]
    found = prepare([Job(s, settings, (), SignalCache(tmp_path)) for s in sources], None, strict=True)
    channels = [recording.signals[0].samples_uv.shape[0] for recording in found]
    assert channels == [2, 1]
    assert 5 < found[0].signals[0].samples_uv.std() < 20, "microvolts"


def test_a_task_that_nobody_did_is_refused(data_set):
    """With what a BIDS data set looks like."""
    with pytest.raises(ConfigError, match=r"of task sleep.*sub-01"):
        bids(str(data_set), tasks=["sleep"])
