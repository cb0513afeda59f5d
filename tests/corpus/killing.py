"""Runs of the command that are killed in the middle."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PATIENCE_S = 120.0


class CorpusRun:
    """`eegstream encode ARGUMENTS -o FOLDER` in processes of its own; its messages go to a file."""

    def __init__(self, folder: Path, arguments: Sequence[str], messages: Path) -> None:
        self._folder = folder
        self._messages = messages
        with messages.open("wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "eegstream", "encode", *arguments, "-o", str(folder)],
                cwd=REPOSITORY,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
                stdout=file,
                stderr=file,
            )

    @property
    def said(self) -> str:
        """Its messages so far."""
        return self._messages.read_text(encoding="utf-8")

    def ended(self) -> bool:
        """Whether it has ended by itself."""
        return self._process.poll() is not None

    def result(self, patience_s: float = PATIENCE_S) -> int:
        """Its exit code, when it has ended."""
        return self._process.wait(patience_s)

    def wait_for_lines(self, count: int) -> None:
        """Until the manifest has `count` lines, or the run has ended."""
        manifest = self._folder / "manifest.jsonl"
        deadline_s = time.monotonic() + PATIENCE_S
        while not self.ended() and not (manifest.exists() and manifest.read_bytes().count(b"\n") >= count):
            assert time.monotonic() < deadline_s, f"no {count} lines: {self.said}"
            time.sleep(0.005)

    def kill(self) -> bool:
        """Kill the first process, and wait until those that it started are gone; whether it was still at work."""
        at_work = not self.ended()
        started = _children(self._process.pid)
        self._process.kill()
        self._process.wait()
        deadline_s = time.monotonic() + PATIENCE_S
        while any(Path("/proc", str(pid)).exists() for pid in started):
            assert time.monotonic() < deadline_s, f"processes {started} go on"
            time.sleep(0.005)
        return at_work


def _children(pid: int) -> list[int]:
    """Processes that a process has started, as Linux tells."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found
