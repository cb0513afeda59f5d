"""The trainer's commands as a person types them, on made-up EEG."""

import csv
import json
import signal
import subprocess
import sys
import time

import pytest

from eegstream.codec import bundle
from eegstream.codec.engine import Engine, choose_device
from trainer.run import CONFIGS

SMALL = [
    "model.hidden_dims=[64]",
    "model.patch_size=128",
    "data.source.seconds=12",
    "data.source.recordings={train: 2, val: 1}",
    "data.batch_size=64",
]


def command(name, *arguments):
    return [sys.executable, "-m", f"trainer.{name}", *arguments]


def run(name, *arguments, code=0):
    done = subprocess.run(
        command(name, *arguments), cwd=CONFIGS.parent, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    done = run("train", *SMALL, "trainer.max_steps=40", "data.batches_per_epoch=20", f"hydra.run.dir={folder}")
    return folder, done


def test_training_leaves_what_it_says(trained):
    """Checkpoints best and last, the split, the settings, a log; and the summary names the checkpoint."""
    folder, done = trained
    assert str(folder / "checkpoints/best.ckpt") in done.stdout
    assert (folder / "checkpoints/last.ckpt").is_file()
    assert (folder / ".hydra/config.yaml").is_file()
    assert set(json.loads((folder / "split.json").read_text())) >= {"train", "val"}
    with (folder / "metrics.csv").open() as log:
        rows = [row for row in csv.DictReader(log) if row["val/nrmse"]]
    assert {f"val/synthetic/{name}" for name in ("mse", "mae", "nrmse", "r")} <= set(rows[0])
    assert float(rows[-1]["val/nrmse"]) < 1.2
    assert "Warning" not in done.stderr


def test_a_checkpoint_becomes_a_verified_bundle(trained, tmp_path):
    """Export, load, verify; a second export of the same version is refused and changes nothing."""
    arguments = (f"checkpoint={trained[0] / 'checkpoints/best.ckpt'}", "name=try", f"folder={tmp_path}")
    run("export", *arguments, f"hydra.run.dir={tmp_path / 'log'}")
    path = tmp_path / "try-1.pt"
    loaded = bundle.load(str(path))
    Engine(loaded, choose_device("cpu"))
    manifest = loaded.manifest
    assert (manifest.name, manifest.version, manifest.patch, manifest.words) == ("try", 1, 128, (64000,))
    assert manifest.metrics["synthetic 256 Hz"]["patches"] > 0
    assert manifest.card.startswith("# try version 1")
    assert len(loaded.golden.patches) >= 1024
    low, high = manifest.rate_range_hz
    assert low <= loaded.golden.rate_hz.min() < loaded.golden.rate_hz.max() <= high
    content = path.read_bytes()
    again = run("export", *arguments, f"hydra.run.dir={tmp_path / 'log'}", code=78)
    assert "never overwritten" in again.stderr
    assert path.read_bytes() == content
    assert sorted(p.name for p in tmp_path.glob("*")) == ["log", "try-1.pt"]


def test_a_wrong_key_names_the_known_ones(tmp_path):
    """One line, exit code of wrong usage."""
    done = run("train", "model.hiden_dims=[3]", f"hydra.run.dir={tmp_path}", code=2)
    assert done.stderr.count("\n") == 1
    assert "did you mean hidden_dims?" in done.stderr


def test_no_logger_writes_no_log(tmp_path):
    """`logger=null`, as users of other projects type it."""
    run("train", *SMALL, "logger=null", "trainer.max_steps=1", "data.batches_per_epoch=1", f"hydra.run.dir={tmp_path}")
    assert not list(tmp_path.glob("**/metrics.csv"))


def test_an_interrupt_ends_cleanly(tmp_path):
    """Ctrl-C says where things are; no traceback."""
    process = subprocess.Popen(
        command("train", *SMALL, "trainer.max_epochs=100000", "data.batches_per_epoch=5", f"hydra.run.dir={tmp_path}"),
        cwd=CONFIGS.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 90
    while not (tmp_path / "checkpoints/last.ckpt").is_file():
        assert time.monotonic() < deadline
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert "interrupted at step" in stderr
    assert "Traceback" not in stderr
