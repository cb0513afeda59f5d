"""The trainer's commands within this process, which spares the seconds that each start takes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.trainer.running import run_here

Run = Callable[..., Path]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of prepared signals for all tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, cache: Path, tmp_path: Path) -> Run:
    """`command("train", "key=value", ...)` runs as the shell's would, and gives the run's folder."""
    runs = iter(range(100))

    def run(name: str, *arguments: str) -> Path:
        folder = tmp_path / f"run{next(runs)}"
        own = () if any(a.startswith(("hydra.sweep.dir", "hydra.run.dir")) for a in arguments) else (folder,)
        run_here(monkeypatch, name, *arguments, *(f"hydra.run.dir={path}" for path in own), cache=cache)
        return folder

    return run
