"""What is imported when: a daemon, a client and a command are ready sooner the less they need."""

import subprocess
import sys

import pytest

from tests.e2e.harness import REPOSITORY

HEAVY = {"torch", "scipy", "scipy.signal", "mne", "pylsl", "numpy", "lightning", "dask", "pyarrow", "matplotlib"}


@pytest.mark.parametrize(
    ("program", "allowed"),
    [
        ("import eegstream.cli.run, eegstream.cli.streams, eegstream.cli.model", set()),
        ("import eegstream.client", {"numpy"}),
        ("import eegstream.daemon.service", {"numpy", "torch", "pylsl"}),
    ],
)
def test_no_more_is_imported_than_is_needed(program: str, allowed: set[str]) -> None:
    """scipy comes when a daemon is ready, and before its first stream needs it."""
    tell = f"import sys; {program}; print(*sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", tell], capture_output=True, encoding="utf-8", cwd=REPOSITORY, timeout=60, check=True
    )
    assert set(done.stdout.split()) == allowed
