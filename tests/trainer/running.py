"""Run the trainer's commands as a person types them, on little made-up EEG."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SMALL = (
    "model.hidden_dims=[16]",
    "model.patch_size=32",
    "data.source.seconds=4",
    "data.source.channels=2",
    "data.source.recordings={train: 2, val: 1}",
    "data.batch_size=16",
    "data.batches_per_epoch=4",
    "trainer.max_epochs=1",
    "pictures=false",
)
"""A run of a moment; later arguments win over these."""


def run_here(patch: pytest.MonkeyPatch, name: str, *arguments: str, cache: Path) -> None:
    """`python -m trainer.NAME ARGUMENTS` within this process."""
    patch.setenv("EEGSTREAM_CACHE", str(cache))
    patch.setattr(sys, "argv", [f"trainer.{name}", *arguments])
    importlib.import_module(f"trainer.{name}").main()


def run(name: str, *arguments: str, cache: Path, code: int = 0) -> "subprocess.CompletedProcess[str]":
    """`python -m trainer.NAME ARGUMENTS` in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", f"trainer.{name}", *arguments],
        cwd=ROOT,
        env={**os.environ, "EEGSTREAM_CACHE": str(cache)},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done
