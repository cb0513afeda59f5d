"""The trainer's commands as a person types them, from recordings to a bundle."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from eegstream.codec.engine import Engine, choose_device
from eegstream.errors import ConfigError
from tests.identity_bundle import load_own
from tests.trainer.conftest import Run
from tests.trainer.running import ROOT, SMALL, run
from trainer import export


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three subjects' CSV files, one of them damaged, and an ECG."""
    folder = tmp_path_factory.mktemp("recordings")
    t = np.arange(256 * 8) / 256
    for subject in range(4):
        rng = np.random.default_rng(subject)
        x = rng.standard_normal((2, len(t))).cumsum(axis=1)
        lines = [f"{now:.6f},{a:.4f},{b:.4f}" for now, a, b in zip(t, *x, strict=True)]
        (folder / f"S{subject}_rest.csv").write_text("\n".join(["time,Cz,Fz", *lines]) + "\n")
    (folder / "S4_rest.edf").write_bytes(b"0       " + b"?" * 400)
    return folder


@pytest.fixture(scope="module")
def trained(recordings: Path, tmp_path_factory: pytest.TempPathFactory, cache: Path):
    """The first command of the README, on few small recordings."""
    folder = tmp_path_factory.mktemp("run")
    done = run(
        "train",
        *("data=recordings", f"data.source.root={recordings}", "data.source.hold_out=[S1]"),
        *("model.hidden_dims=[32]", "model.patch_size=128", "trainer.max_epochs=2", f"hydra.run.dir={folder}"),
        cache=cache,
    )
    return folder, done


def test_training_says_what_it_takes_and_leaves_out(trained) -> None:
    """The damaged recording by name, with a count; subjects in the split."""
    folder, done = trained
    assert "1 left out:\n    S4_rest.edf" in done.stdout
    assert "3 subjects of recordings: S0, S2, S3\n" in done.stdout
    assert "1 subject of recordings: S1\n" in done.stdout
    assert "subjects of recordings are derived from file names, such as S0 from S0_rest.csv" in done.stdout
    assert "Warning" not in done.stderr
    split = json.loads((folder / "split.json").read_text())
    assert list(split["val"]["recordings"]) == ["S1"]
    assert sorted(split["train"]["recordings"]) == ["S0", "S2", "S3", "S4"]


def test_a_strict_run_ends_at_a_damaged_recording(
    recordings: Path, command: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, with its name."""
    with pytest.raises(SystemExit) as left:
        command("train", "data=recordings", f"data.source.root={recordings}", "data.strict=true")
    told = capsys.readouterr().err
    assert left.value.code == 78
    assert "S4_rest.edf cannot be used" in told
    assert sum(line.startswith("error:") for line in told.splitlines()) == 1


def test_a_checkpoint_becomes_a_verified_bundle(
    trained, command: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Export, load, verify; a second export of the same version is refused and changes nothing."""
    arguments = (f"checkpoint={trained[0] / 'checkpoints/best.ckpt'}", "name=try", f"folder={tmp_path}")
    command("export", *arguments, f"hydra.run.dir={tmp_path / 'log'}")
    path = tmp_path / "try-1.pt"
    loaded = load_own(path)
    Engine(loaded, choose_device("cpu"))
    manifest = loaded.manifest
    assert (manifest.name, manifest.version, manifest.patch, manifest.words) == ("try", 1, 128, (64000,))
    metrics = manifest.metrics["recordings 256 Hz"]
    assert (metrics["side"], metrics["subjects"], metrics["window"]) == ("val", 1, 256)
    assert 0 < metrics["nrmse_of_klt_gain"] < 1
    assert metrics["nrmse_interval"][0] <= metrics["nrmse"] <= metrics["nrmse_interval"][1]
    assert sorted(manifest.training["subjects"]["recordings"]) == ["S0", "S2", "S3", "S4"]
    assert manifest.training["held_out"] == {"val": {"recordings": ["S1"]}}
    assert manifest.card.startswith("# try version 1")
    assert "Training subjects: recordings: S0, S2, S3, S4" in " ".join(manifest.card.split())
    assert len(loaded.golden.patches) >= 1024
    low, high = manifest.rate_range_hz
    assert low <= loaded.golden.rate_hz.min() < loaded.golden.rate_hz.max() <= high
    content = path.read_bytes()
    with pytest.raises(SystemExit) as left:
        command("export", *arguments, f"hydra.run.dir={tmp_path / 'log'}")
    assert left.value.code == 78
    assert "never overwritten" in capsys.readouterr().err
    assert path.read_bytes() == content
    assert sorted(p.name for p in tmp_path.glob("*")) == ["log", "try-1.pt"]


def test_a_bundle_gets_its_name_without_links_and_never_over_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the other one appears while the bundle is made; what fails leaves nothing."""
    monkeypatch.delattr(os, "link")
    whole, target = tmp_path / "whole.pt", tmp_path / "try-1.pt"
    whole.write_bytes(b"new")
    with monkeypatch.context() as failing, pytest.raises(KeyboardInterrupt):
        failing.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        export._rename(whole, target)
    assert [path.name for path in tmp_path.iterdir()] == ["whole.pt"]
    export._rename(whole, target)
    assert target.read_bytes() == b"new"
    whole.write_bytes(b"newer")
    with pytest.raises(ConfigError, match="never overwritten"):
        export._rename(whole, target)
    assert target.read_bytes() == b"new"


def test_adding_a_bundle_to_wandb_is_refused_before_any_work(
    trained, command: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Where the training did not log there."""
    with pytest.raises(SystemExit) as left:
        command(
            "export",
            f"checkpoint={trained[0] / 'checkpoints/best.ckpt'}",
            "name=try",
            "wandb=true",
            f"folder={tmp_path}",
        )
    assert left.value.code == 78
    assert "did not log to W&B. Leave wandb=false" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.pt"))


@pytest.mark.parametrize(
    ("given", "recipe", "title"),
    [
        ({}, {"name": "fast", "version": 3}, ("fast", 3)),
        ({"version": 4}, {"name": "fast", "version": 3}, ("fast", 4)),
        ({"name": "mine"}, {"name": "fast", "version": 3}, ("mine", 1)),
        ({"name": "mine", "version": 2}, {"name": None, "version": 1}, ("mine", 2)),
        ({"name": "mine"}, {}, ("mine", 1)),
    ],
)
def test_a_bundle_is_called_as_the_command_or_else_the_recipe_says(given, recipe, title) -> None:
    """A name of one's own begins with version 1, whatever the recipe's is."""
    assert export._title(OmegaConf.create({"name": None, "version": None, **given}), recipe) == title


def test_a_bundle_without_any_name_is_refused() -> None:
    """With what to give."""
    with pytest.raises(ConfigError, match="name=NAME"):
        export._title(OmegaConf.create({"name": None, "version": None}), {"name": None, "version": 1})


def test_preparing_alone_fills_the_cache(command: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Training then finds everything."""
    arguments = [*SMALL, f"data.cache={tmp_path}/cache", "data.source.seconds=5"]
    command("prepare", *arguments)
    assert "2 newly prepared" in capsys.readouterr().out
    command("train", *arguments)
    assert "newly prepared" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["model.hiden_dims=[3]"], 2, "did you mean model.hidden_dims?"),
        (["model=mpl"], 2, "classified gain_shape mlp residual"),
        (["+model.widht=3"], 78, "Known are patch_size, hidden_dims"),
        (["model.activation=tanh"], 78, "relu, gelu, silu, snake"),
        (["trainer.precision=8"], 78, "32, 16-mixed, bf16-mixed"),
        (["data=recordings"], 2, "give data.source.root=VALUE"),
        (["model.patch_size=1000000", "model.hidden_dims=[1]", "data.source.seconds=3"], 78, "a patch has 1000000"),
        (["trainer.devices=2", "--multirun"], 78, "--multirun or several devices"),
        (["+trainer.max_epoch=3"], 78, "max_epoch"),
    ],
)
def test_a_wrong_setting_is_one_line(
    arguments: list[str], code: int, message: str, command: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """What came, and what is known."""
    flags = [a for a in arguments if a.startswith("--")]
    with pytest.raises(SystemExit) as left:
        command("train", *flags, f"hydra.sweep.dir={tmp_path}", *(a for a in arguments if a not in flags))
    told = capsys.readouterr().err.strip().splitlines()
    assert left.value.code == code
    assert message in told[-1]
    assert sum(line.startswith("error:") for line in told) == 1


def test_an_interrupt_ends_cleanly_and_says_how_to_go_on(cache: Path, tmp_path: Path) -> None:
    """Ctrl-C leaves the last epoch's checkpoint; no traceback."""
    process = subprocess.Popen(
        [sys.executable, "-m", "trainer.train", *SMALL, "trainer.max_epochs=100000", f"hydra.run.dir={tmp_path}"],
        cwd=ROOT,
        env={**os.environ, "EEGSTREAM_CACHE": str(cache)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    last = tmp_path / "checkpoints/last.ckpt"
    deadline = time.monotonic() + 90
    while not last.is_file():
        assert time.monotonic() < deadline
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert f"trainer.resume_from_checkpoint={last}" in stderr
    assert "Traceback" not in stderr
    assert torch.load(last, weights_only=True)["global_step"] > 0


def test_the_installed_command_is_the_same() -> None:
    """`eegstream-train --help` lists the choices, too."""
    script = Path(sys.executable).parent / "eegstream-train"
    done = subprocess.run([script, "--help"], capture_output=True, text=True, timeout=60, check=True)
    assert "model: classified, gain_shape, mlp, residual" in done.stdout
