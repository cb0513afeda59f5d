"""What the pages promise to other people's models and data: the protocols are all that is asked for."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from eegstream.codec.engine import Engine
from tests.identity_bundle import load_own
from tests.trainer.conftest import Run
from tests.trainer.foreign import averages
from tests.trainer.running import ROOT

MODEL = """
_target_: tests.trainer.foreign.averages.Averages
patch_size: 64
codes: 8
learning_rate: 0.01
eta_min: 0.0
"""
FITTED = f"""{MODEL}
fitter:
  _target_: tests.trainer.foreign.averages.StepFitter
  patches: 100
"""
DATA = """
_target_: tests.trainer.foreign.averages.Walks
patch_size: ${model.patch_size}
patches: 256
"""
QUICK = ("trainer.max_epochs=2", "frontend.model_rate_hz=256", "scheduler=null")
HERE = Path(averages.__file__)


@pytest.fixture
def configs(tmp_path: Path) -> Path:
    """A folder of settings of one's own."""
    for name, text in (("model/averages", MODEL), ("model/fitted_averages", FITTED), ("data/walks", DATA)):
        path = tmp_path / f"configs/{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "configs"


def test_it_knows_nothing_of_ours_but_the_protocols() -> None:
    """As somebody else's package would."""
    nodes = [node for node in ast.walk(ast.parse(HERE.read_text())) if isinstance(node, (ast.Import, ast.ImportFrom))]
    modules = {node.module if isinstance(node, ast.ImportFrom) else node.names[0].name for node in nodes}
    assert {name for name in modules if name.partition(".")[0] in ("trainer", "eegstream")} == {"trainer.protocols"}


def test_a_type_checker_finds_that_it_follows_them() -> None:
    """Strictly, as pyproject.toml sets it: what `make lint` found out serves here; the file's last lines claim it."""
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "-p", "tests.trainer.foreign"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_it_trains_exports_and_is_measured(
    command: Run, configs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the first step to a bundle that the daemon takes and a page that compares it."""
    run = command("train", "--config-dir", str(configs), "model=averages", "data=walks", *QUICK)
    kept = torch.load(run / "checkpoints/last.ckpt", weights_only=True)
    assert kept["global_step"] == 16
    assert float(kept["state_dict"]["network.step_uv"]) != 2.0, "its parameter was trained"
    command("export", f"checkpoint={run / 'checkpoints/best.ckpt'}", "name=averages", f"folder={tmp_path}")
    loaded = load_own(tmp_path / "averages-1.pt")
    Engine(loaded, torch.device("cpu"))
    assert loaded.manifest.words == (256,) * 8
    assert set(loaded.manifest.metrics) == {"calm 256 Hz", "lively 256 Hz"}
    assert "calm walks, made up" in loaded.manifest.card
    few = ("reference=fast", "bits=[64]", "turns=2", "fit_windows=200")
    bundle = f"bundle={tmp_path / 'averages-1.pt'}"
    report = command("evaluate", "--config-dir", str(configs), bundle, "data=walks", *few)
    (own,) = json.loads((report / "report.json").read_text())["bundles"].values()
    assert 0 < own["sets"]["calm 256 Hz"]["decodes"]["mse"]["nrmse"] < 1
    assert "averages@1" in capsys.readouterr().out


def test_a_fitter_of_one_s_own_is_asked_before_training(
    command: Run, configs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The recipe names it; what it made of the network is validated and kept."""
    run = command(
        "train", "--config-dir", str(configs), "model=fitted_averages", "data=walks", *QUICK, "trainer.max_epochs=0"
    )
    assert "the step is" in capsys.readouterr().out
    assert torch.load(run / "checkpoints/best.ckpt", weights_only=True)["global_step"] == 0


@pytest.mark.parametrize(
    ("group", "target", "message"),
    [
        ("model", "torch.nn.Identity", "torch.nn.Identity lacks patch_size, codebook_sizes"),
        ("model", "collections.Counter", "gave a Counter, expected a torch.nn.Module"),
        ("data", "lightning.LightningDataModule", "lightning.LightningDataModule lacks validation_sets"),
        ("data", "collections.Counter", "collections.Counter lacks validation_sets"),
    ],
)
def test_what_is_missing_is_named(
    group: str, target: str, message: str, command: Run, configs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, before anything is trained, with where to read on."""
    (configs / group / "lacking.yaml").write_text(f"_target_: {target}\n")
    choices = {"model": "averages", "data": "walks", group: "lacking"}
    arguments = [f"{name}={choice}" for name, choice in choices.items()]
    if group == "model":
        arguments += ["+model.patch_size=64", "optimizer.lr=0.1"] if target.startswith("coll") else []
    with pytest.raises(SystemExit) as left:
        command("train", "--config-dir", str(configs), *arguments, *QUICK, "optimizer.lr=0.1")
    told = capsys.readouterr().err
    assert left.value.code == 78
    assert message in told
