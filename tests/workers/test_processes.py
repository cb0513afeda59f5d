"""Processes may die, and take one task with them; when the first one dies, all do."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eegstream.workers.processes import in_processes
from eegstream.workers.spreading import Lost
from tests.workers import tasks

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills processes as POSIX does")


def test_every_task_is_done_once() -> None:
    """With its own number."""
    assert dict(in_processes(2)(tasks.squared, range(7))) == {number: number**2 for number in range(7)}
    assert list(in_processes(2)(tasks.squared, [])) == []


def test_a_process_that_dies_loses_nothing(tmp_path: Path) -> None:
    """Another one does its task; the other process goes on."""
    marks = [str(tmp_path / "killed") if number == 1 else "" for number in range(6)]
    done = dict(in_processes(2)(tasks.killed_once, marks))
    assert done.keys() == {*range(6)}
    assert (tmp_path / "killed").exists()
    assert len({*done.values()}) >= 2


def test_a_task_that_kills_every_process_is_given_up() -> None:
    """And no other with it."""
    done = dict(in_processes(2)(tasks.killed_always, range(6)))
    assert {number for number, outcome in done.items() if isinstance(outcome, Lost)} == {3}
    assert done.keys() == {*range(6)}


def test_an_error_of_the_function_ends_the_work() -> None:
    """It is not taken for the death of a process."""
    with pytest.raises(ValueError, match="is refused"):
        list(in_processes(1)(tasks.refused, range(3)))


def _wait_for(path: Path) -> int:
    deadline_s = time.monotonic() + 60
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < deadline_s, f"no {path.name}"
        time.sleep(0.02)
    return int(path.read_text())


def _wait_for_the_end(pid: int) -> None:
    deadline_s = time.monotonic() + 30
    while Path("/proc", str(pid)).exists():
        assert time.monotonic() < deadline_s, f"process {pid} goes on"
        time.sleep(0.02)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes as Linux shows them")
@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGINT])
def test_processes_end_with_the_one_that_started_them(tmp_path: Path, way: signal.Signals) -> None:
    """At once, in the middle of a task, whether it is killed or interrupted."""
    program = (
        "import sys\nfrom eegstream.workers.processes import in_processes\nfrom tests.workers import tasks\n"
        "try:\n    list(in_processes(1)(tasks.slow, sys.argv[1:]))\nexcept KeyboardInterrupt:\n    sys.exit(130)\n"
    )
    root = Path(__file__).parents[2]
    mark = tmp_path / "pid"
    first = subprocess.Popen(
        [sys.executable, "-c", program, str(mark)], cwd=root, env=os.environ | {"PYTHONPATH": str(root)}
    )
    pid = _wait_for(mark)
    first.send_signal(way)
    assert first.wait(30) == {signal.SIGKILL: -signal.SIGKILL, signal.SIGINT: 130}[way]
    _wait_for_the_end(pid)
