"""Everything that one types after `python -m trainer.train`, taken at least a step far."""

import csv
import json
import re
from pathlib import Path

import pytest
import torch

from tests.trainer.conftest import Run
from tests.trainer.running import SMALL
from trainer.hydra_app import CONFIGS

GROUPS = {path.name: sorted(p.stem for p in path.glob("*.yaml")) for path in CONFIGS.iterdir() if path.is_dir()}


def checkpoint(folder: Path, name: str = "last") -> dict:
    return torch.load(folder / f"checkpoints/{name}.ckpt", weights_only=True)


def log(folder: Path, column: str) -> list[float]:
    with (folder / "metrics.csv").open() as file:
        return [float(row[column]) for row in csv.DictReader(file) if row.get(column)]


FORMS = [
    ["experiment=snake_activation"],
    ["experiment=conditioning"],
    ["--config-name", "config", "experiment=conditioning"],
    ["model.learning_rate=0.0005", "model.activation=snake"],
    ["model.use_conditioning=true"],
    ["model.use_conditioning=true", "frontend.model_rate_hz=null", "data.source.rates_hz=[128.0,250.0]"],
    ["logger=null"],
    [
        *("model.patch_size=512", "model.hidden_dims=[1024,512,256]", "model.learning_rate=0.001"),
        *("data.batch_size=64", "trainer.max_epochs=200", "trainer.max_steps=2", "data.source.seconds=8"),
    ],
    [
        "scheduler._target_=torch.optim.lr_scheduler.CosineAnnealingLR",
        *("~scheduler.start_factor", "~scheduler.total_iters", "~scheduler.interval"),
        *("+scheduler.T_max=${model.max_epochs}", "+scheduler.eta_min=${model.eta_min}"),
    ],
    ["scheduler=null"],
    ["trainer.precision=16-mixed"],
    ["trainer.max_steps=3"],
    ["trainer.gradient_clip_val=0.1", "callbacks.averaging=null", "+trainer.accumulate_grad_batches=2"],
    ["data=dummy"],
    ["data=dummy", "model.use_conditioning=true"],
]
ONLY_OF_SYNTHETIC = ("data.source", "data.batches_per_epoch")


def fitting(form: list[str]) -> list[str]:
    """`SMALL` as far as a form's data has these settings."""
    own_data = any(argument.startswith("data=") for argument in form)
    return [argument for argument in SMALL if not (own_data and argument.startswith(ONLY_OF_SYNTHETIC))]


@pytest.mark.parametrize("form", FORMS, ids=" ".join)
def test_the_form_trains(form: list[str], command: Run) -> None:
    """It runs to its end and leaves a checkpoint with steps in it."""
    flags = form[:2] if form[0].startswith("--") else []
    folder = command("train", *flags, *fitting(form), *form[len(flags) :])
    kept = checkpoint(folder)
    assert kept["global_step"] >= 2
    assert all(value.isfinite().all() for value in kept["state_dict"].values())


FITTED = ("model.segments=1", "model.lanes=4", "model.candidates=4", "model.fit_patches=300", "model.fit_rounds=1")
CHOICES = [
    f"{group}={name}"
    for group in ("model", "optimizer", "scheduler", "trainer", "callbacks", "logger", "experiment")
    for name in GROUPS[group]
    if name != "wandb"  # has a test of its own
]


@pytest.mark.parametrize("choice", CHOICES)
def test_every_shipped_choice_takes_steps(choice: str, command: Run) -> None:
    """On made-up EEG, where a choice does not bring its data."""
    folder = command("train", *small(choice))
    assert checkpoint(folder)["global_step"] == 4


def small(choice: str) -> list[str]:
    """Settings of a moment for a model, or for a preset that has one."""
    recipes = ("default", "compact", "fast", "hifi", "lite", "micro")
    fitted = choice in {"model=classified", *(f"experiment={name}" for name in recipes)}
    if choice == "model=residual":
        own = ["model.width=16", "model.blocks=1"]
    elif fitted:
        own = [*("model.word_bits=[8,7]", "model.class_bits=2", "model.coefficients=16", "model.steps=8"), *FITTED]
    elif choice.endswith("=tokens"):
        own = [
            *("model.code_digits=[4,4]", "model.coefficients=16", "model.hidden=8", "model.candidates=2"),
            "model.power_edges=[1,4,9]",
            *("model.fit_patches=300", "model.fitter.envelope_steps=2", "model.fitter.codebook_steps=2"),
        ]
    elif choice in {"model=gain_shape", "experiment=seed"}:
        own = ["model.encoder_dims=[16]", "model.decoder_dims=[16]", "model.cosines=16"]
    else:
        own = ["model.hidden_dims=[16]"]
    data = ["data=synthetic"] if choice.startswith("experiment") else []
    common = [a for a in SMALL if not a.startswith("model.hidden_dims")]
    return [*common, *own, choice, *data]


def test_a_fitted_model_needs_no_step(command: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Without epochs what was fitted is kept, measured, and can be exported; the metrics are validation's."""
    folder = command("train", *small("model=classified"), "trainer.max_epochs=0")
    told = capsys.readouterr().out
    assert checkpoint(folder, "best")["global_step"] == 0
    assert "checkpoints/best.ckpt" in told
    assert [path.name for path in (folder / "checkpoints").iterdir()] == ["best.ckpt"]
    assert re.search(r"val/nrmse 0\.\d+", told)


def test_training_a_fitted_model_keeps_the_better_of_both(command: Run) -> None:
    """Steps of a hopeless size: the fit stays the best; it is what best.ckpt holds."""
    arguments = [*small("model=classified"), "model.learning_rate=10", "scheduler=null"]
    folder = command("train", *arguments)
    assert checkpoint(folder, "best")["global_step"] == 0
    assert checkpoint(folder)["global_step"] == 4


def test_a_sweep_runs_every_combination(command: Run, tmp_path: Path) -> None:
    """Three rates times two activations, each in a folder of its own."""
    command(
        "train",
        "--multirun",
        *SMALL,
        *("model.learning_rate=0.001,0.0005,0.0001", "model.activation=relu,snake", "logger=null"),
        f"hydra.sweep.dir={tmp_path}/sweep",
    )
    seen = {
        (config["learning_rate"], config["activation"])
        for path in (tmp_path / "sweep").glob("*/checkpoints/last.ckpt")
        for config in [torch.load(path, weights_only=True)["config"]["model"]]
    }
    assert seen == {(rate, kind) for rate in (0.001, 0.0005, 0.0001) for kind in ("relu", "snake")}


def test_a_scheduler_of_one_s_own_is_followed(command: Run) -> None:
    """CosineAnnealingLR with interpolations: the rate falls to eta_min at the last epoch."""
    folder = command(
        "train",
        *SMALL,
        *("scheduler=cosine", "trainer.max_epochs=4", "model.learning_rate=0.01", "model.eta_min=0.002"),
        "trainer.log_every_n_steps=1",
    )
    rates = log(folder, "lr")[::4]
    expected = [0.002 + 0.004 * (1 + torch.cos(torch.tensor(torch.pi * epoch / 4)).item()) for epoch in range(4)]
    assert rates == pytest.approx(expected, rel=1e-5)


def test_a_scheduler_that_wants_the_number_of_steps_is_told(command: Run) -> None:
    """OneCycleLR needs total_steps, which nobody wants to compute by hand."""
    folder = command(
        "train",
        *SMALL,
        "scheduler._target_=torch.optim.lr_scheduler.OneCycleLR",
        *("~scheduler.start_factor", "~scheduler.total_iters", "+scheduler.max_lr=0.01", "trainer.max_epochs=3"),
    )
    (scheduler,) = checkpoint(folder)["lr_schedulers"]
    assert scheduler["total_steps"] == 12


def test_early_stopping_stops(command: Run) -> None:
    """A score that does not improve ends the run."""
    folder = command(
        "train",
        *SMALL,
        *("callbacks=early_stopping", "callbacks.early_stopping.patience=2", "callbacks.early_stopping.min_delta=10"),
        "trainer.max_epochs=50",
    )
    assert checkpoint(folder)["epoch"] == 2


def test_a_run_that_max_steps_ends_is_validated_at_its_end(command: Run) -> None:
    """In the middle of an epoch too: what was trained is measured and kept."""
    folder = command("train", *SMALL, "trainer.max_epochs=9", "trainer.max_steps=6")
    assert checkpoint(folder)["global_step"] == 6
    assert len(log(folder, "val/nrmse")) == 2


def test_precision_falls_back_once_where_there_is_no_gpu(command: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """And it is said."""
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    command("train", *SMALL, "trainer.precision=bf16-mixed")
    assert capsys.readouterr().out.count("no GPU: precision 32 is used, not bf16-mixed") == 1


def test_what_is_logged(command: Run) -> None:
    """Every figure that the original promises, and code use beside what an ideal source would show."""
    folder = command("train", *SMALL, "trainer.log_every_n_steps=2", "model.groups=2")
    with (folder / "metrics.csv").open() as file:
        columns = set(next(csv.reader(file)))
    names = ("mse", "mae", "rmse", "nrmse", "psnr_db", "ssim", "snr_db", "r", "nrmse_pooled", "r_pooled")
    assert columns >= {"train/loss", "lr", "val/nrmse", "grad_norm/all", "grad_norm/encoder", "grad_norm/decoder"}
    assert columns >= {f"val/synthetic/{name}" for name in names}
    assert columns >= {
        f"codes/{number}/{name}"
        for number in (0, 1)
        for name in ("used", "used_ideal", "perplexity", "perplexity_ideal")
    }
    assert log(folder, "grad_norm/all")[0] > 0
    assert len(log(folder, "train/loss")) == 2


def test_the_run_s_page_names_everything(command: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """One page, printed and kept; each file that it names is there."""
    folder = command("train", *SMALL, "pictures=true")
    page = (folder / "summary.md").read_text()
    assert page.strip() in capsys.readouterr().out
    paths = [cell.strip() for line in page.splitlines() for cell in line.split("|")[2:3] if "/" in cell]
    assert {Path(path).name for path in paths} >= {
        *("config.yaml", "split.json", "best.ckpt", "last.ckpt"),
        *("reconstructions.png", "spectra.png", "bands.png", "codes.png"),
    }
    assert all(Path(path).exists() for path in paths)
    assert set(json.loads((folder / "split.json").read_text())) == {"train", "val"}


def test_an_earlier_log_is_kept(command: Run, tmp_path: Path) -> None:
    """A second run in the same folder does not delete the first one's."""
    for _ in range(2):
        command("train", *SMALL, f"hydra.run.dir={tmp_path}/same")
    assert (tmp_path / "same/metrics-1.csv").is_file()
    assert (tmp_path / "same/metrics.csv").is_file()
