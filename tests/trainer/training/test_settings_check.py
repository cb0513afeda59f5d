"""What cannot work is told in one line, before anything is read or trained."""

import pytest
import torch

from eegstream.errors import ConfigError
from tests.trainer.conftest import Run
from tests.trainer.running import SMALL, run_here
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


@pytest.fixture(scope="module")
def last_checkpoint(cache, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The setting that resumes a run of one epoch."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        run_here(patch, "train", *SMALL, f"hydra.run.dir={folder}", cache=cache)
    return f"trainer.resume_from_checkpoint={folder / 'checkpoints/last.ckpt'}"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("model.patch_size=0", "model.patch_size is 0, expected 1 or more"),
        ("model.hidden_dims=[16,-3]", "model.hidden_dims is [16, -3]"),
        ("model.hidden_dims=many", "model.hidden_dims is many, expected a whole number"),
        ("model.patch_size=1.5", "model.patch_size is 1.5, expected a whole number"),
        ("model.learning_rate=fast", "model.learning_rate is fast, expected a number"),
        ("model.levels=[]", "levels is empty, expected at least one number"),
        ("model.unit_uv=-1", "unit_uv is -1, expected more than 0"),
        ("model.gain_range_uv=[5,1]", "gain_range_uv is [5, 1], expected two positive numbers"),
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
    assert "finds no GPU. Give trainer.accelerator=auto or cpu" in refused("trainer.accelerator=gpu")


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
    assert "The run ended inside its warm-up:** 4 of 200 steps" in capsys.readouterr().out
    command("train", *SMALL, "scheduler.total_iters=4")
    assert "warm-up" not in capsys.readouterr().out


def test_a_checkpoint_that_has_nothing_to_go_on_to_or_is_of_another_model_is_told(command: Run, refused) -> None:
    """With the settings that are others."""
    last = f"trainer.resume_from_checkpoint={command('train', *SMALL) / 'checkpoints/last.ckpt'}"
    told = refused(last)
    assert "there is nothing to do" in told
    assert "1 epochs, and trainer.max_epochs is 1. Give the total number, such as" in told
    told = refused(last, "trainer.max_epochs=2", "model.hidden_dims=[8]")
    assert "is of another model: model.hidden_dims was [16] and is [8]" in told


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("model.activation=gelu", "another model: model.activation was relu and is gelu"),
        ("model.levels=[5,5,5,8,8,8]", "another model: model.levels was [8, 8, 8, 5, 5, 5] and is [5, 5, 5, 8, 8, 8]"),
        ("frontend.model_rate_hz=128", "another model: frontend.model_rate_hz was 256.0 and is 128"),
        ("frontend.notch_hz=50", "another model: frontend.notch_hz was not set and is 50"),
        ("+model.shift=2", "another model: model.shift was not set and is 2"),
        ("optimizer=sgd", "another optimizer: optimizer was torch.optim.AdamW and is torch.optim.SGD"),
        ("scheduler=null", "another scheduler: scheduler was torch.optim.lr_scheduler.LinearLR and is not set"),
    ],
)
def test_resuming_with_settings_of_another_model_is_refused(
    setting: str, message: str, command: Run, refused, last_checkpoint: str
) -> None:
    """Even where all sizes are the same; with the setting and both values."""
    assert message in refused(last_checkpoint, "trainer.max_epochs=2", setting)


def test_resuming_tells_what_has_changed_and_what_has_no_effect(
    command: Run, last_checkpoint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line for each; nothing where all settings are the same."""
    more = ("trainer.max_epochs=2", last_checkpoint)
    command("train", *SMALL, *more, "loss.floor_uv=3", "model.learning_rate=0.5", "threads=2")
    told = capsys.readouterr().out.splitlines()
    assert "resumed with changed settings: loss.floor_uv was 1.0 and is 3" in told
    assert "the checkpoint restores optimizer and scheduler: optimizer.lr stays 0.001 (given: 0.5)" in told
    command("train", *SMALL, *more)
    told = capsys.readouterr().out
    assert "changed settings" not in told
    assert "restores" not in told
