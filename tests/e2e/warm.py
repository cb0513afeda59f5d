"""Python programs forked from a process that has imported PyTorch, instead of importing it anew.

An import takes two seconds of processor time, and these tests start some fifty daemons. What is forked has run imports
alone: no thread, socket or model is shared. Only on Linux; elsewhere libraries need not survive a fork.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection

from tests.e2e.harness import REPOSITORY, Child, Daemon, Process

_IMPORTED = ["eegstream.cli.run", "eegstream.config", "eegstream.daemon.service", "eegstream.daemon.metrics"]


class Forked:
    """`python ARGUMENTS` in a process of its own; offers what the tests use of a `subprocess.Popen`.

    Standard input is empty; `stdout` yields the lines of both outputs.
    """

    stdin = None

    def __init__(self, arguments: list[str], environment: Mapping[str, str]) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_IMPORTED)
        self._arguments = arguments
        reading, writing = context.Pipe(duplex=False)
        with reading, writing:
            self._process = context.Process(target=_run, args=(writing, arguments, dict(environment)))
            self._process.start()
            self.stdout = os.fdopen(os.dup(reading.fileno()), encoding="utf-8")

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """The exit status; None while it runs; minus the number of the signal that ended it."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """The exit status, waiting for it for so many seconds.

        Raises:
            subprocess.TimeoutExpired: it did not end in time.
        """
        self._process.join(timeout)
        status = self.poll()
        if status is None:
            raise subprocess.TimeoutExpired(self._arguments, timeout or 0.0)
        return status

    def send_signal(self, sig: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


def _run(writing: Connection, arguments: list[str], environment: dict[str, str]) -> None:
    """Be `python ARGUMENTS`, of which `-c PROGRAM` and `-m MODULE` are understood."""
    with writing:
        for number in (1, 2):
            os.dup2(writing.fileno(), number)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", closefd=False)
    os.chdir(REPOSITORY)
    os.environ.clear()
    os.environ.update(environment)
    how, what, *others = arguments
    sys.argv = [how, *others]
    if how == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102 - as `python -c` does


class WarmProcess(Process):
    """A `Process` that finds PyTorch imported, where that is possible."""

    def _start(self, arguments: list[str], environment: dict[str, str]) -> Child:
        return Forked(arguments, environment) if sys.platform == "linux" else super()._start(arguments, environment)


class WarmDaemon(WarmProcess, Daemon):
    """`eegstream run`, ready."""
