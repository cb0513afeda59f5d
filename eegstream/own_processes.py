"""Other processes of this program, for the commands that need some: a daemon, a player, outlets."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from eegstream.codec.trust import Trust
from eegstream.errors import EegstreamError

_START_S = 60.0
_STOP_S = 10.0


class OwnProcess:
    """A child process of this program whose stderr is kept to explain its failure; `arguments` follow `python -m`."""

    def __init__(self, what: str, arguments: Sequence[str], lsl_configuration: Path, log: Path) -> None:
        self._what, self._log = what, log
        with log.open("wb") as stderr:
            self._child = subprocess.Popen(  # noqa: S603 - our own command line
                [sys.executable, "-m", *arguments],
                env=os.environ | {"LSLAPICFG": str(lsl_configuration), "PYTHONIOENCODING": "utf-8"},
                stderr=stderr,
                **_own_group(),
            )

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._child.pid

    @property
    def said(self) -> str:
        """What it wrote to stderr so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def require_alive(self) -> None:
        """Raise EegstreamError if the process has ended."""
        if self._child.poll() is not None:
            raise self._failure()

    def require_well(self) -> None:
        """Raise EegstreamError if the process has failed; it may have ended."""
        if self._child.poll():
            raise self._failure()

    def _failure(self) -> EegstreamError:
        last = (self.said.strip().splitlines() or ["it said nothing"])[-1]
        return EegstreamError(f"{self._what} ended with exit code {self._child.returncode}: {last}")

    def wait_for(self, pattern: str) -> str:
        """The first group of `pattern` in what it says, waiting for it.

        Raises:
            EegstreamError: it ended, or took too long.
        """
        deadline_s = time.monotonic() + _START_S
        while time.monotonic() < deadline_s:
            found = re.search(pattern, self.said, re.MULTILINE)
            if found:
                return found[1]
            self.require_alive()
            time.sleep(0.05)
        raise EegstreamError(f"{self._what} was not ready within {_START_S:g} s", "Try again on an idle machine")

    def stop(self) -> None:
        """Ask the process to end, and make it if it does not."""
        if self._child.poll() is None:
            self._child.send_signal(_farewell())
        try:
            self._child.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


def _farewell() -> int:
    """The signal that asks a child to end."""
    if sys.platform == "win32":
        return signal.CTRL_BREAK_EVENT
    return signal.SIGTERM


def _own_group() -> dict[str, Any]:
    """What keeps the terminal's Ctrl-C from a child: it is this program's to handle."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


@contextmanager
def own_process(what: str, arguments: Sequence[str], lsl_configuration: Path) -> Iterator[OwnProcess]:
    """Run `python -m ARGUMENTS`; it is stopped at the end."""
    with tempfile.TemporaryDirectory(prefix="eegstream-") as folder:
        process = OwnProcess(what, arguments, lsl_configuration, Path(folder) / "stderr.log")
        try:
            yield process
        finally:
            process.stop()


def trust_arguments(trust: Trust) -> list[str]:
    """The options of a command that say the same as `trust`."""
    arguments = ["--model-sha256", trust.sha256] if trust.sha256 else []
    arguments += ["--model-keys", ",".join(map(str, trust.keys))] if trust.keys else []
    return [*arguments, "--allow-unsigned"] if trust.allow_unsigned else arguments


@contextmanager
def own_daemon(
    lsl_configuration: Path, model: str, trust: Trust, *options: str, device: str = "cpu"
) -> Iterator[tuple[OwnProcess, str]]:
    """Run `eegstream run` with this model on a free port; ready when this returns, with its address."""
    arguments = ["eegstream", "run", "--bind", "tcp://127.0.0.1:*", "--device", device, "--model", model, *options]
    with own_process("the daemon", [*arguments, *trust_arguments(trust)], lsl_configuration) as process:
        yield process, process.wait_for(r"publishing at (\S+),")


@contextmanager
def own_player(lsl_configuration: Path, file: str, seconds: float | None, stream: str | None) -> Iterator[OwnProcess]:
    """Run `eegstream play --wait`, of a file with several streams only that one."""
    limit = [] if seconds is None else ["--seconds", f"{seconds:g}"]
    choice = [] if stream is None else ["--stream", stream]
    arguments = ["eegstream", "play", file, "--wait", *limit, *choice]
    with own_process("eegstream play", arguments, lsl_configuration) as process:
        yield process
