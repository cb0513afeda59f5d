"""A run that was stopped goes on as if it never had been."""

import csv

import pytest
import torch

from tests.trainer.conftest import Run
from tests.trainer.running import SMALL

FULL = [*SMALL, "model.dropout=0.3", "trainer.log_every_n_steps=1", "data.augmentation.gain_db=6"]


def kept(folder):
    return torch.load(folder / "checkpoints/last.ckpt", weights_only=True)


def losses(folder):
    """Loss by step."""
    with (folder / "metrics.csv").open() as file:
        return {int(row["step"]): float(row["train/loss"]) for row in csv.DictReader(file) if row["train/loss"]}


def require_equal(one, other):
    """All that training depends on, to the bit."""
    for part in ("state_dict", "current_model_state", "averaging_state"):
        assert one.get(part, {}).keys() == other.get(part, {}).keys()
        for name, value in one.get(part, {}).items():
            assert torch.equal(value, other[part][name]), f"{part} {name}"
    (state,), (other_state,) = one["optimizer_states"], other["optimizer_states"]
    for number, moments in state["state"].items():
        for name, value in moments.items():
            assert torch.equal(value, other_state["state"][number][name])
    assert state["param_groups"] == other_state["param_groups"]
    assert one["lr_schedulers"] == other["lr_schedulers"]
    assert one["plateau"] == other["plateau"]


@pytest.mark.parametrize(
    "settings",
    [
        ["scheduler=warmup", "scheduler.total_iters=10"],
        ["scheduler=warmup_cosine", "scheduler.warmup_steps=3", "+scheduler.total_steps=16"],
        ["scheduler=cosine", "model.max_epochs=4", "callbacks.averaging=null"],
        [
            "scheduler=plateau",
            "scheduler.patience=0",
            "+scheduler.threshold=0.5",
            "model=residual",
            "model.width=16",
            "model.blocks=1",
        ],
    ],
    ids=["warmup", "warmup_cosine", "cosine", "plateau, residual"],
)
def test_two_epochs_and_two_more_equal_four(settings: list[str], command: Run) -> None:
    """Weights, their average, optimizer, scheduler and loss, with dropout and augmentation."""
    small = [a for a in FULL if not (a.startswith("model.hidden_dims") and "model=residual" in settings)]
    whole = command("train", *small, *settings, "trainer.max_epochs=4")
    half = command("train", *small, *settings, "trainer.max_epochs=2")
    rest = command(
        "train",
        *(*small, *settings, "trainer.max_epochs=4"),
        f"trainer.resume_from_checkpoint={half / 'checkpoints/last.ckpt'}",
    )
    require_equal(kept(whole), kept(rest))
    assert losses(whole) == losses(half) | losses(rest)


def test_a_run_goes_on_in_the_middle_of_an_epoch(command: Run) -> None:
    """From a checkpoint of any step."""
    often = [*FULL, "+callbacks.checkpoint.every_n_train_steps=3", "callbacks.checkpoint.monitor=null"]
    whole = command("train", *often, "trainer.max_epochs=3")
    cut = command("train", *often, "trainer.max_epochs=3", "trainer.max_steps=6")
    rest = command(
        "train", *often, "trainer.max_epochs=3", f"trainer.resume_from_checkpoint={cut / 'checkpoints/last.ckpt'}"
    )
    assert kept(cut)["global_step"] == 6
    require_equal(kept(whole), kept(rest))
    assert losses(whole) == losses(cut) | losses(rest)


def test_a_checkpoint_that_is_not_there_is_told(command: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """In one line."""
    with pytest.raises(SystemExit) as left:
        command("train", *SMALL, "trainer.resume_from_checkpoint=nowhere.ckpt")
    assert left.value.code == 78
    assert "is 'nowhere.ckpt', which is not a file" in capsys.readouterr().err
