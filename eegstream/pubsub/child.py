"""The publishing process as the daemon sees it: a pipe that never waits."""

import json
import logging
import os
import subprocess
import sys
import time
from collections import deque
from typing import IO, Any, cast

log = logging.getLogger(__name__)

_MOST_WAITING_BYTES = 16 * 1024 * 1024
_STUCK_S = 1.0
_PIPE_BYTES = 1024 * 1024
_SILENT_S = 3.0
"""A process that works reports twice a second."""
_END_S = 1.5
_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from eegstream.pubsub.front_process import main; main()"
)


class Child:
    """A publishing process, started and ready for its first record."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-P", "-c", _PROGRAM, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            process_group=0,  # Ctrl-C in a terminal is for the daemon alone
        )
        self._pipes = cast("tuple[IO[bytes], IO[bytes]]", (self._process.stdin, self._process.stdout))
        self._input, self._output = (pipe.fileno() for pipe in self._pipes)
        os.set_blocking(self._input, False)
        os.set_blocking(self._output, False)
        _enlarge(self._input)
        self._waiting: deque[memoryview] = deque()
        self._waiting_bytes = 0
        self._progress_s = time.monotonic()
        self._said = b""
        self._heard_s: float | None = None
        """When it last reported; None before its first report."""
        self._broken = False

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def trouble(self) -> str | None:
        """Why the process can be used no more; None if it can."""
        status = self._process.poll()
        if status is not None:
            return f"ended with signal {-status}" if status < 0 else f"ended with status {status}"
        if self._broken:
            return "closed its pipe"
        if self._waiting and time.monotonic() - self._progress_s > _STUCK_S:
            return f"took nothing for {_STUCK_S:g} s"
        if self._waiting_bytes > _MOST_WAITING_BYTES:
            return f"is {self._waiting_bytes >> 20} MiB behind"
        if self._heard_s is not None and time.monotonic() - self._heard_s > _SILENT_S:
            return f"reported nothing for {_SILENT_S:g} s"
        return None

    def write(self, data: bytes) -> None:
        """Send bytes; what the pipe does not take now waits for the next `flush`."""
        if not self._waiting:
            self._progress_s = time.monotonic()
        self._waiting.append(memoryview(data))
        self._waiting_bytes += len(data)
        self.flush()

    def flush(self) -> None:
        """Send what waits, as far as the pipe takes it."""
        try:
            while self._waiting:
                written = os.write(self._input, self._waiting[0])
                self._progress_s = time.monotonic()
                self._waiting_bytes -= written
                if written == len(self._waiting[0]):
                    self._waiting.popleft()
                else:
                    self._waiting[0] = self._waiting[0][written:]
        except BlockingIOError:
            return
        except OSError:
            self._broken = True

    def said(self) -> list[dict[str, Any]]:
        """What the process has reported since the last call."""
        try:
            while data := os.read(self._output, 65536):
                self._said += data
                self._heard_s = time.monotonic()
        except BlockingIOError:
            pass
        *lines, self._said = self._said.split(b"\n")
        return [json.loads(line) for line in lines]

    def end(self) -> None:
        """Wait for a process that was told to end; kill it if it does not."""
        deadline_s = time.monotonic() + _END_S
        while self._waiting and not self._broken and time.monotonic() < deadline_s:
            self.flush()
            time.sleep(0.005)
        for pipe in self._pipes:
            pipe.close()
        try:
            self._process.wait(max(0.0, deadline_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()
        for pipe in self._pipes:
            pipe.close()


def _enlarge(pipe: int) -> None:
    """Let a pipe hold more, where the system can."""
    import fcntl  # noqa: PLC0415 - only POSIX has it

    if hasattr(fcntl, "F_SETPIPE_SZ"):
        try:
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        except OSError:
            log.debug("the pipe keeps its size")
