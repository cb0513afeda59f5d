"""The trainer's commands within this process, which spares the seconds that each start takes."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., Path]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of prepared signals for all tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, cache: Path, tmp_path: Path) -> Run:
    """`command("train", "key=value", ...)` runs as the shell's would, and gives the run's folder."""
    monkeypatch.setenv("EEGSTREAM_CACHE", str(cache))
    runs = iter(range(100))

    def run(name: str, *arguments: str) -> Path:
        folder = tmp_path / f"run{next(runs)}"
        own = () if any(a.startswith(("hydra.sweep.dir", "hydra.run.dir")) for a in arguments) else (folder,)
        monkeypatch.setattr(sys, "argv", [f"trainer.{name}", *arguments, *(f"hydra.run.dir={path}" for path in own)])
        importlib.import_module(f"trainer.{name}").main()
        return folder

    return run
