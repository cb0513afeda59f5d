"""What people meet first: help, missing packages, Ctrl-C, mistyped settings, and how a run is repeated."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.trainer.conftest import Run
from tests.trainer.running import ROOT, SMALL, run
from trainer.command_lines import command_line
from trainer.hydra_app import flags_first
from trainer.sweep_table import SweepRun, sweep_table

COMMANDS = ("train", "prepare", "export", "evaluate", "search")


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_written_for_people(name: str, cache: Path) -> None:
    """What it does, five commands, settings, and where all of them are."""
    told = run(name, "--help", cache=cache).stdout
    assert "powered by" not in told
    assert len(re.findall(rf"^python -m trainer\.{name}\b", told, re.MULTILINE)) == 5
    assert f"python -m trainer.{name} --cfg job" in told


@pytest.mark.parametrize(
    ("module", "name", "extra"),
    [("hydra", "train", "trainer"), ("lightning", "prepare", "trainer"), ("optuna", "search", "search")],
)
def test_a_missing_package_names_its_extra(module: str, name: str, extra: str, tmp_path: Path) -> None:
    """Without a traceback."""
    (tmp_path / "sitecustomize.py").write_text(f"import sys\nsys.modules[{module!r}] = None\n")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            f"trainer.{name}",
            *(["study=x"] if name == "search" else []),
            f"hydra.run.dir={tmp_path}",
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 78, done.stderr
    assert f"Install the extra `{extra}`" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_interrupt_while_modules_load_is_a_line(tmp_path: Path) -> None:
    """No traceback, and the shell's exit code."""
    (tmp_path / "click.py").write_text("raise KeyboardInterrupt\n")
    done = subprocess.run(
        [sys.executable, "-m", "trainer.train"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (done.returncode, done.stderr) == (130, "interrupted\n")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("model.patch_size=0", "model.patch_size is 0, expected 1 or more"),
        ("trainer.resume_from_checkpoint=nowhere.ckpt", "'nowhere.ckpt', which is not a file"),
        ("data.source.root=nowhere", "data.source.root is 'nowhere', which is not a folder"),
    ],
)
def test_what_is_plainly_wrong_is_told_before_pytorch_is_loaded(setting: str, message: str, tmp_path: Path) -> None:
    """In a second instead of several."""
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['lightning'] = None\n")
    recordings = ["data=recordings"] if setting.startswith("data") else []
    done = subprocess.run(
        [sys.executable, "-m", "trainer.train", *recordings, setting, f"hydra.run.dir={tmp_path / 'run'}"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 78, done.stderr
    assert message in done.stderr


def test_a_flag_may_stand_between_settings(command: Run, tmp_path: Path) -> None:
    """Hydra's own parser refuses it."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "own.yaml").write_text("defaults: [mlp]\n")
    command("train", *SMALL, "--config-dir", str(tmp_path), "model=own")
    assert flags_first(["a=1", "--config-dir", "here", "~logger", "-m"]) == [
        "--config-dir",
        "here",
        "-m",
        "a=1",
        "~logger",
    ]


def test_the_installed_command_finds_a_loader_beside_its_settings(
    command: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From any folder; the next command that is printed finds it, too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if Path(path) != ROOT / "docs/examples"])
    small = [a for a in SMALL if a.startswith(("model", "trainer", "pictures"))]
    own = ("--config-dir", str(ROOT / "docs/examples"))
    folder = command("train", *own, "data=own", "data.train.patches=256", *small)
    assert (folder / "checkpoints/best.ckpt").is_file()
    assert f"python -m trainer.export --config-dir {ROOT / 'docs/examples'} checkpoint=" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("lr=3", "model.learning_rate"),
        ("batch_size=3", "data.batch_size"),
        ("epochs=3", "trainer.max_epochs"),
        ("experment=default", "experiment"),
        ("model.leraning_rate=3", "model.learning_rate"),
        ("data.root=x", "data.source.root"),
        ("training.batch_size=3", "data.batch_size"),
        ("+trainer.max_epoch=3", "max_epochs"),
    ],
)
def test_a_mistyped_or_moved_setting_is_asked_back(
    typed: str, meant: str, command: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its whole name."""
    with pytest.raises(SystemExit):
        command("train", *SMALL, typed)
    assert f"id you mean {meant}?" in capsys.readouterr().err


def test_the_original_s_scheduler_is_answered_on_the_command_line(
    command: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """With how it is written here."""
    with pytest.raises(SystemExit):
        command("train", "scheduler.name=cosine")
    assert "a scheduler is scheduler=cosine, or {_target_: torch.optim" in capsys.readouterr().err


def test_the_printed_command_repeats_the_run_from_anywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Quoted for a shell, with whole paths where there is something, and the flags that choose the settings."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my data").mkdir()
    (tmp_path / "own").mkdir()
    overrides = ["data.source.root=my data", "model.hidden_dims=[16, 8]", "~logger", "bundle=default"]
    monkeypatch.setattr(sys, "argv", ["train", "--config-dir", "own", *overrides])
    words = shlex.split(command_line("train", overrides, absolute=True))
    assert words[:3] == ["python", "-m", "trainer.train"]
    assert words[3:5] == ["--config-dir", str(tmp_path / "own")]
    assert words[5:] == [f"data.source.root={tmp_path / 'my data'}", *overrides[1:]]
    assert str(tmp_path) not in command_line("train", overrides)


def test_a_sweep_ends_with_a_table(command: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Its runs with what is theirs alone."""
    command("train", "--multirun", *SMALL, "model.activation=relu,gelu", f"hydra.sweep.dir={tmp_path}")
    *_, head, first, second = capsys.readouterr().out.rstrip().splitlines()
    assert head.split() == ["val/nrmse", "settings", "folder"]
    assert {first.split()[1], second.split()[1]} == {"model.activation=relu", "model.activation=gelu"}
    assert float(first.split()[0]) <= float(second.split()[0])


def test_a_run_without_a_score_stands_last() -> None:
    """Not a number is no best."""
    lines = sweep_table([SweepRun((f"x={n}",), n, Path("f")) for n in (float("nan"), 0.5)]).splitlines()
    assert "x=0.5" in lines[2]
