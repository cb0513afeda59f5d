"""Real peers: outlets, the daemon and commands as processes of their own, subscribers as threads.

Importing this points LSL to a private corner of the loopback interface, for this process and its children.
"""

import atexit
import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol

from eegstream.client import Loss, Message, Spec, State, Subscriber
from eegstream.lsl.loopback import CONFIGURATION_PREFIX, private_configuration
from tests.identity_bundle import pinned

REPOSITORY = Path(__file__).parents[2]
DATA = REPOSITORY / os.environ.get("EEGSTREAM_DATA", "../shared/data")
NO_DATA = f"no recordings at {DATA} (set EEGSTREAM_DATA)"

PATIENCE_S = 100.0
"""How long a busy machine may take for what is quick elsewhere."""


_OWNER = "EEGSTREAM_TESTS_LSL_OF"


def _isolate_lsl() -> None:
    """Point liblsl to a configuration of this run; it reads it at its first call, here and in each child.

    Processes among which pytest shares out the tests have one each.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if CONFIGURATION_PREFIX in os.environ.get("LSLAPICFG", "") and os.environ.get(_OWNER) == worker:
        return  # a child of a process that did this
    os.environ[_OWNER] = worker
    run = ExitStack()
    atexit.register(run.close)
    os.environ["LSLAPICFG"] = str(run.enter_context(private_configuration()))


_isolate_lsl()


class Child(Protocol):
    """What is used of a `subprocess.Popen`."""

    stdin: IO[str] | None
    stdout: IO[str] | None

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, sig: int) -> None: ...

    def kill(self) -> None: ...


class Process:
    """A child process whose output lines can be waited for; ended by its own id, with the context at the latest."""

    started: "list[Process]" = []  # noqa: RUF012 - one list for all, so that a failing test can show every log

    def __init__(self, name: str, *arguments: str, **environment: str) -> None:
        self.name = name
        self._child = self._start(list(arguments), os.environ | environment)
        self.lines: list[str] = []
        self._changed = threading.Condition()
        self._silent = False
        self._thread = threading.Thread(target=self._read, args=(self._child.stdout,), daemon=True)
        self._thread.start()
        self.started.append(self)

    def _start(self, arguments: list[str], environment: dict[str, str]) -> Child:
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )

    def __enter__(self) -> "Process":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._child.poll() is None:
            self._child.kill()
        self._child.wait(PATIENCE_S)
        self._thread.join(PATIENCE_S)
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._child.pid

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self._child.poll() is not None

    def wait_line(self, pattern: str, timeout_s: float = PATIENCE_S) -> re.Match[str]:
        """The first line that `pattern` is found in, waiting for it."""
        deadline_s = time.monotonic() + timeout_s
        looked_at = 0
        with self._changed:
            while True:
                for line in self.lines[looked_at:]:
                    if match := re.search(pattern, line):
                        return match
                looked_at = len(self.lines)
                left_s = deadline_s - time.monotonic()
                if self._silent or left_s <= 0:
                    raise AssertionError(f"{self.name} never said {pattern!r}:\n" + "\n".join(self.lines))
                self._changed.wait(left_s)

    def wait(self, timeout_s: float = PATIENCE_S) -> int:
        """The exit status, waiting for it."""
        status = self._child.wait(timeout_s)
        self._thread.join(timeout_s)
        return status

    def send(self, number: int) -> None:
        """Send a signal."""
        self._child.send_signal(number)

    def stop(self) -> int:
        """Ask it to end (SIGTERM; on Windows Ctrl-Break); return its exit status."""
        self.send(getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM))
        return self.wait()

    def kill(self) -> None:
        """End it as a crash or a power cut would."""
        self._child.kill()
        self.wait()

    def enough(self) -> int:
        """Have an `outlet` send no more; return how many samples it has sent. It stays until released."""
        assert self._child.stdin is not None
        self._child.stdin.write("enough\n")
        self._child.stdin.flush()
        return int(self.wait_line(r"^sent (\d+)")[1])

    def release(self) -> None:
        """Close its standard input, which an `outlet` takes as the word to leave."""
        if self._child.stdin is not None:
            self._child.stdin.close()

    def _read(self, output: IO[str]) -> None:
        for line in output:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._silent = True
            self._changed.notify_all()


class Daemon(Process):
    """`eegstream run`, ready."""

    def __init__(self, model: Path | str, *options: str, **environment: str) -> None:
        bind = () if "--bind" in options else ("--bind", "tcp://127.0.0.1:*")
        super().__init__(
            "daemon", "-m", "eegstream", "run", *pinned(model), "--device", "cpu", *bind, *options, **environment
        )
        try:
            ready = self.wait_line(r"ready: .* publishing at (\S+), run ([0-9a-f]{16})")
        except AssertionError:
            self.__exit__(None, None, None)
            raise
        self.url, self.run = ready.groups()


def play(file: Path | str, *options: str) -> Process:
    """`eegstream play FILE`."""
    return Process(f"play {file}", "-m", "eegstream", "play", str(file), *options)


@dataclasses.dataclass(frozen=True)
class OutletPlan:
    """What an outlet of `tests.e2e.outlet` announces and sends; it shares no code with the product."""

    name: str
    source_id: str
    rate_hz: float = 256.0
    labels: tuple[str, ...] = ("Fz", "Cz", "Pz")
    type: str = "EEG"
    channel_type: str = "EEG"
    unit: str = "microvolts"
    format: str = "float32"
    seconds: float = 0.0
    """How much is sent once somebody listens; 0 announces only."""
    speed: float = 1.0
    holes: tuple[tuple[int, int], ...] = ()
    """(n, m): m samples are missing before the n-th that is sent."""
    seed: int = 0


def outlet(plan: OutletPlan) -> Process:
    """An outlet that is up; it stays until released."""
    process = Process(f"outlet {plan.name}", "-m", "tests.e2e.outlet", json.dumps(dataclasses.asdict(plan)))
    try:
        process.wait_line(r"^up ")
    except AssertionError:
        process.__exit__(None, None, None)
        raise
    return process


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `eegstream` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "eegstream", *arguments],
        cwd=REPOSITORY,
        env=os.environ | environment,
        capture_output=True,
        encoding="utf-8",
        timeout=2 * PATIENCE_S,
        check=False,
    )


Item = Message | Loss


class Recorder:
    """Everything that a subscriber hears from now on, collected by a thread."""

    def __init__(self, url: str, stream: str | None = None) -> None:
        self._url, self._stream = url, stream
        self._heard: list[tuple[float, Item]] = []
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> "Recorder":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(PATIENCE_S)

    def connected(self) -> "Recorder":
        """Wait until something came: from then on nothing is missed."""
        self.wait(lambda _: True)
        return self

    @property
    def items(self) -> list[Item]:
        """What came so far."""
        with self._changed:
            return [item for _, item in self._heard]

    @property
    def timed(self) -> list[tuple[float, Item]]:
        """What came so far, each with its moment (`time.monotonic`)."""
        with self._changed:
            return list(self._heard)

    def of(self, stream: str) -> list[Item]:
        """What came of one stream."""
        return [item for item in self.items if item.stream == stream]

    def states(self, stream: str) -> list[State]:
        """The states of one stream, oldest first."""
        return [item for item in self.of(stream) if isinstance(item, State)]

    def wait(self, wanted: Callable[[Any], bool], timeout_s: float = PATIENCE_S, since: int = 0) -> Any:
        """The first item from number `since` on for which `wanted` is true, waiting for it."""
        return self.wait_timed(wanted, timeout_s, since)[1]

    def wait_timed(self, wanted: Callable[[Any], bool], timeout_s: float = PATIENCE_S, since: int = 0) -> Any:
        """As `wait`; the moment at which it came (`time.monotonic`), and the item."""
        deadline_s = time.monotonic() + timeout_s
        with self._changed:
            while True:
                for heard in self._heard[since:]:
                    if wanted(heard[1]):
                        return heard
                since = max(since, len(self._heard))
                left_s = deadline_s - time.monotonic()
                if left_s <= 0 or self._failure is not None:
                    raise AssertionError(f"nothing such came ({self._failure}); the last items: {self._last()}")
                self._changed.wait(left_s)

    def stream_of(self, name: str, timeout_s: float = PATIENCE_S) -> str:
        """The wire name of the stream whose outlet is called `name`, waiting for its spec."""
        return self.wait(lambda item: isinstance(item, Spec) and item.source.name == name, timeout_s).stream

    def _last(self) -> str:
        return "\n".join(str(item)[:300] for _, item in self._heard[-5:])

    def _listen(self) -> None:
        try:
            with Subscriber(self._url, self._stream) as subscriber:
                while not self._stop.is_set():
                    item = subscriber.receive(0.1)
                    if item is not None:
                        with self._changed:
                            self._heard.append((time.monotonic(), item))
                            self._changed.notify_all()
        except BaseException as failure:  # noqa: BLE001 - told to whoever waits
            with self._changed:
                self._failure = failure
                self._changed.notify_all()
