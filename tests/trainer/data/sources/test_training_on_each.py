"""Each kind of data, from files to a checkpoint."""

import csv
import os
from pathlib import Path

import mne
import numpy as np
import pytest
import torch
from mne_bids import BIDSPath, write_raw_bids

from tests.trainer.conftest import Run

DATA = Path(os.environ.get("EEGSTREAM_DATA", "../shared/data")) / "dev"
LITTLE = ["model.hidden_dims=[16]", "model.patch_size=64", "data.batch_size=16", "data.batches_per_epoch=4"]
SHORT = [*LITTLE, "trainer.max_epochs=1"]


def steps(folder: Path) -> int:
    return torch.load(folder / "checkpoints/last.ckpt", weights_only=True)["global_step"]


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    """Four CSV recordings and the list of them."""
    t = np.arange(250 * 5) / 250
    rows = []
    for subject in "ABCD":
        x = np.random.default_rng(ord(subject)).standard_normal((2, len(t))).cumsum(axis=1)
        lines = [f"{now:.3f},{a:.3f},{b:.3f}" for now, a, b in zip(t, *x, strict=True)]
        (tmp_path / f"{subject}.csv").write_text("\n".join(["time,Cz,Fz", *lines]) + "\n")
        rows.append({"path": f"{subject}.csv", "subject": subject})
    with (tmp_path / "list.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["path", "subject"])
        writer.writeheader()
        writer.writerows(rows)
    return tmp_path


def test_a_list_trains(command: Run, listed: Path) -> None:
    """`data=manifest`."""
    assert steps(command("train", *SHORT, "data=manifest", f"data.source.path={listed / 'list.csv'}")) == 4


def test_a_folder_trains(command: Run, listed: Path) -> None:
    """`data=recordings`, with another pattern and another way to tell subjects."""
    (listed / "list.csv").unlink()
    folder = command(
        "train",
        *(*SHORT, "data=recordings", f"data.source.root={listed}"),
        "data.source.train.recordings={files: ['*.csv'], subject: '^(.)'}",
    )
    assert steps(folder) == 4


@pytest.mark.filterwarnings("ignore")
def test_a_bids_data_set_trains(command: Run, tmp_path: Path) -> None:
    """`data=bids`."""
    for subject in ("01", "02"):
        info = mne.create_info(["Cz", "Fz"], 250.0, "eeg")
        noise = np.random.default_rng(int(subject)).standard_normal((2, 1500)) * 1e-5
        raw = mne.io.RawArray(noise, info, verbose="ERROR")
        path = BIDSPath(subject=subject, task="rest", datatype="eeg", root=tmp_path / "study")
        write_raw_bids(raw, path, format="BrainVision", allow_preload=True, verbose="ERROR")
    assert steps(command("train", *SHORT, "data=bids", f"data.source.root={tmp_path / 'study'}")) == 4


def test_the_data_of_the_shipped_bundles_trains(command: Run) -> None:
    """`data=eegmat_muse`, on the recordings themselves."""
    if not DATA.is_dir():
        pytest.skip("the recordings are not here; EEGSTREAM_DATA says where they are")
    assert steps(command("train", *SHORT, "data=eegmat_muse", f"data.source.root={DATA}")) == 4
