"""What W&B and TensorBoard are given."""

from pathlib import Path

import pytest
import wandb
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from eegstream.errors import ConfigError
from tests.trainer.conftest import Run
from tests.trainer.running import SMALL, run
from trainer import export

PLOTS = {"reconstructions", "spectra", "bands", "codes"}


def test_tensorboard_has_metrics_and_plots(command) -> None:
    """Scalars by their names, and every picture."""
    folder = command("train", *SMALL, "pictures=true", "logger=tensorboard", "trainer.log_every_n_steps=2")
    events = EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    assert {"train/loss", "val/nrmse", "grad_norm/all"} <= set(events.Tags()["scalars"])
    assert set(events.Tags()["images"]) == PLOTS


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """A run with W&B offline."""
    folder = tmp_path_factory.mktemp("wandb")
    run(
        "train",
        *SMALL,
        "pictures=true",
        "logger=wandb",
        "trainer.log_every_n_steps=2",
        f"hydra.run.dir={folder}",
        cache=cache,
    )
    return folder


def test_wandb_offline_has_settings_metrics_and_plots(offline: Path) -> None:
    """All in the folder of the run, to be synchronised later."""
    (record,) = offline.glob("wandb/offline-run-*/run-*.wandb")
    content = record.read_bytes()
    for said in (b"train/loss", b"val/nrmse", b"hidden_dims", b"codes/0/perplexity"):
        assert said in content
    plots = {path.name.partition("_")[0] for path in offline.glob("wandb/offline-run-*/files/media/images/*.png")}
    assert plots == PLOTS


def test_a_resumed_run_goes_on_under_its_id(offline: Path, cache: Path, tmp_path: Path) -> None:
    """One curve, not two."""
    run(
        "train",
        *(*SMALL, "logger=wandb", "trainer.max_epochs=2", f"hydra.run.dir={tmp_path}"),
        f"trainer.resume_from_checkpoint={offline / 'checkpoints/last.ckpt'}",
        cache=cache,
    )
    first, second = (next(iter(folder.glob("wandb/offline-run-*"))) for folder in (offline, tmp_path))
    assert first.name.rpartition("-")[2] == second.name.rpartition("-")[2]


def test_an_export_without_a_login_is_refused_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a training that sent its log; one that kept it here needs none."""

    def not_logged_in(**_: object) -> None:
        raise wandb.errors.UsageError("No API key configured. Use `wandb login` to log in.")

    monkeypatch.setattr(wandb, "login", not_logged_in)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    with pytest.raises(ConfigError) as told:
        export._require_wandb({"offline": False})
    assert str(told.value) == (
        "W&B cannot be used: No API key configured. Run `wandb login` first, or leave wandb=false"
    )
    export._require_wandb({"offline": True})


def test_the_bundle_becomes_an_artifact_of_its_run(offline: Path, command: Run, tmp_path: Path) -> None:
    """Of the very run that trained it."""
    arguments = ("name=try", f"folder={tmp_path}", "wandb=true", f"hydra.run.dir={tmp_path}/log")
    command("export", f"checkpoint={offline / 'checkpoints/best.ckpt'}", *arguments)
    (first,) = offline.glob("wandb/offline-run-*")
    (second,) = (path for path in (tmp_path / "log").glob("wandb/offline-run-*"))
    assert first.name.rpartition("-")[2] == second.name.rpartition("-")[2], "the same run"
    (record,) = second.glob("run-*.wandb")
    assert b"try-1.pt" in record.read_bytes()
