"""What cannot work is told in one line, before anything is read or trained."""

import pytest
import torch

from eegstream.errors import ConfigError
from tests.trainer.conftest import Run
from tests.trainer.running import SMALL
from trainer.training.settings_check import require_flat_scheduler


@pytest.fixture
def refused(command: Run, capsys: pytest.CaptureFixture[str]):
    """The one line that a run with these settings ends with."""

    def ends(*arguments: str) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            command("train", *SMALL, *arguments)
        told = capsys.readouterr().err.strip().splitlines()
        assert left.value.code == 78, told
        (line,) = [line for line in told if not line.startswith("wandb:")]
        return line

    return ends


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("model.patch_size=0", "model.patch_size is 0, expected 1 or more"),
        ("model.hidden_dims=[16,-3]", "model.hidden_dims is [16, -3]"),
        ("model.learning_rate=-1", "model.learning_rate is -1"),
        ("data.batch_size=-1", "data.batch_size is -1"),
        ("data.batches_per_epoch=-3", "data.batches_per_epoch is -3"),
        ("trainer.max_epochs=-5", "trainer.max_epochs is -5"),
        ("seed=-1", "seed is -1"),
        ("threads=0", "threads is 0"),
        ("optimizer.betas=[2,3]", "optimizer: Invalid beta"),
        ("trainer.resume_from_checkpoint=", "trainer.resume_from_checkpoint is empty"),
        ("+scheduler.name=cosine", "Give scheduler=cosine"),
    ],
)
def test_a_setting_that_cannot_work_is_named(setting: str, message: str, refused) -> None:
    """With what was expected."""
    assert message in refused(setting)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_told(refused) -> None:
    """With what to take instead."""
    assert "finds no GPU. Take trainer.accelerator=auto or cpu" in refused("trainer.accelerator=gpu")


def test_the_original_s_scheduler_is_answered_with_ours() -> None:
    """Flat, by PyTorch's name."""
    with pytest.raises(ConfigError) as told:
        require_flat_scheduler({"name": "CosineAnnealingLR", "params": {"T_max": 10, "eta_min": 0.1}})
    assert "scheduler: {_target_: torch.optim.lr_scheduler.CosineAnnealingLR, T_max: 10, eta_min: 0.1}" in str(
        told.value
    )


def test_wandb_without_a_login_is_told(refused, monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """With how to stay on this machine."""
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("WANDB_MODE", "online")
    assert "logger.offline=true" in refused("logger=wandb", "logger.offline=false")


def test_a_run_that_ends_in_its_warm_up_says_so(command: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Four steps of two hundred; not where it was long enough."""
    command("train", *SMALL)
    assert "It ended inside its warm-up:** 4 of 200 steps" in capsys.readouterr().out
    command("train", *SMALL, "scheduler.total_iters=4")
    assert "warm-up" not in capsys.readouterr().out


def test_a_checkpoint_that_has_nothing_to_go_on_to_or_is_of_another_model_is_told(command: Run, refused) -> None:
    """With the settings that are others."""
    last = f"trainer.resume_from_checkpoint={command('train', *SMALL) / 'checkpoints/last.ckpt'}"
    told = refused(last)
    assert "there is nothing to do" in told
    assert "1 epochs, and trainer.max_epochs is 1. Give the number of the whole, such as" in told
    told = refused(last, "trainer.max_epochs=2", "model.hidden_dims=[8]")
    assert "is of another model: model.hidden_dims was [16] and is [8]" in told
