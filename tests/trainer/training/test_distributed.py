"""Two processes train what one would."""

import csv
from pathlib import Path

import pytest
import torch

from tests.trainer.running import SMALL, run, run_here

TWO = ["trainer.accelerator=cpu", "trainer.devices=2", "trainer.strategy=ddp"]
MORE = [
    "trainer.max_epochs=3",
    "trainer.log_every_n_steps=1",
    "data.source.recordings={train: 3, val: 1}",
]
TOLERANCE = 1e-5
"""Of a loss or a metric: sums are formed in another order."""


def rows(folder: Path) -> list[dict[str, float]]:
    with (folder / "metrics.csv").open() as file:
        return [{key: float(value) for key, value in row.items() if value} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> tuple[Path, Path]:
    """A run of one process and one of two, at the same batch of both together."""
    one, two = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    with pytest.MonkeyPatch.context() as patch:
        run_here(patch, "train", *SMALL, *MORE, f"hydra.run.dir={one}", cache=cache)
    done = run("train", *SMALL, *MORE, *TWO, f"hydra.run.dir={two}", cache=cache)
    assert done.stdout.count("# mlp_autoencoder") == 1, "one of them speaks"
    assert "Warning" not in done.stderr
    return one, two


def test_every_loss_and_figure_agrees(folders: tuple[Path, Path]) -> None:
    """Each step's loss, each epoch's metrics and code use; batches that do not divide evenly too."""
    one, two = map(rows, folders)
    assert len(one) == len(two) > 12
    for mine, theirs in zip(one, two, strict=True):
        assert theirs == pytest.approx(mine, rel=TOLERANCE, abs=TOLERANCE)


def test_the_weights_agree(folders: tuple[Path, Path]) -> None:
    """To the rounding of a sum."""
    one, two = (torch.load(folder / "checkpoints/last.ckpt", weights_only=True)["state_dict"] for folder in folders)
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=1e-4, atol=1e-6)
