"""Ask outlets for their descriptions, each from a process of limited time and memory.

What an unknown outlet sends can be endless. liblsl reads all of it and cannot be told to stop, but a process can be
ended. See `lsl.asking` for the process itself.
"""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from types import TracebackType
from typing import Any

from eegstream.errors import StreamError
from eegstream.lsl.asking import ANSWER_S, MOST_MIB, SEARCH_S
from eegstream.lsl.description import ChannelText
from eegstream.lsl.discovery import Announcement

MOST_PROCESSES = 8
"""Outlets that are asked at a time."""
_MOST_IDLE = 2
_GRACE_S = 2.0
"""How long after its own deadline a process is ended from here."""
_START_S = 20.0
_STEP_S = 0.05
_LONGEST_ANSWER = 4 * 1024 * 1024
_START = """
import json, os, sys
if hasattr(os, "nice"):
    os.nice(5)
sys.path[:] = json.loads(sys.argv[1])
from eegstream.lsl.asking import main
main()
"""
"""It yields to the daemon: many unknown outlets at once must not hold up the samples of the known ones."""
_SMALL = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}


class UnansweredError(Exception):
    """An outlet did not describe itself; it may do so later."""


class Prober:
    """Processes that ask outlets for their descriptions, one outlet at a time each; used from several threads.

    One or two idle processes are kept, so that a new outlet need not wait for a process to start.
    """

    def __init__(self) -> None:
        self._places = threading.BoundedSemaphore(MOST_PROCESSES)
        self._lock = threading.Lock()
        self._idle: list[_Asker] = []
        self._closed = False
        self._keep_one()

    def __enter__(self) -> "Prober":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the idle processes; those that are asking are ended by the `stop` of their questions."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for asker in idle:
            asker.kill()

    def describe(self, stream: Announcement, stop: threading.Event) -> tuple[ChannelText, ...]:
        """What an outlet says of its channels.

        Raises:
            StreamError: a text is too long.
            UnansweredError: the outlet does not describe itself, or takes too much time or memory; or `stop` was set.
        """
        while not self._places.acquire(timeout=_STEP_S):
            _raise_if_set(stop)
        try:
            asker = self._take()
            self._keep_one()
            try:
                answer = asker.ask(stream, stop)
            except BaseException:
                asker.kill()
                raise
            self._give_back(asker, is_spent=answer["spent"])
        finally:
            self._places.release()
            self._keep_one()
        if "texts" in answer:
            return tuple(ChannelText(*texts) for texts in answer["texts"])
        if answer.get("final"):
            raise StreamError(answer["why"])
        raise UnansweredError(answer["why"])

    def _take(self) -> "_Asker":
        with self._lock:
            while self._idle:
                asker = self._idle.pop(0)
                if asker.alive:
                    return asker
        return _Asker()

    def _give_back(self, asker: "_Asker", *, is_spent: bool) -> None:
        with self._lock:
            if not (self._closed or is_spent) and len(self._idle) < _MOST_IDLE and asker.alive:
                self._idle.append(asker)
                return
        asker.kill()

    def _keep_one(self) -> None:
        with self._lock:
            if not self._closed and not self._idle:
                with contextlib.suppress(OSError):
                    self._idle.append(_Asker())


class _Asker:
    """One process, and the thread that reads its answers."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter, with a program that stands here
            [sys.executable, "-P", "-c", _START, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | _SMALL,
        )
        self._answers: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._ready = False
        threading.Thread(target=self._read, name="prober", daemon=True).start()

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it."""
        self._process.kill()

    def ask(self, stream: Announcement, stop: threading.Event) -> dict[str, Any]:
        """Its answer about an outlet."""
        if not self._ready:
            self._answer(stop, _START_S, f"the process that asks outlets did not start within {_START_S:g} s")
            self._ready = True
        question = json.dumps({"uid": stream.uid, "n_channels": stream.n_channels}).encode() + b"\n"
        try:
            assert self._process.stdin is not None  # noqa: S101 - a pipe was asked for
            self._process.stdin.write(question)
            self._process.stdin.flush()
        except OSError:
            raise UnansweredError("the process that asks outlets ended before it was asked") from None
        why = f"its description could not be read within {ANSWER_S:g} s"
        return self._answer(stop, SEARCH_S + ANSWER_S + _GRACE_S, why)

    def _answer(self, stop: threading.Event, timeout_s: float, why_not: str) -> dict[str, Any]:
        end_s = time.monotonic() + timeout_s
        while time.monotonic() < end_s:
            _raise_if_set(stop)
            with contextlib.suppress(queue.Empty):
                answer = self._answers.get(timeout=_STEP_S)
                if answer is None:
                    raise UnansweredError(
                        f"the process that read its description ended, allowed were {MOST_MIB} MiB and {ANSWER_S:g} s"
                    )
                return answer
        raise UnansweredError(why_not)

    def _read(self) -> None:
        with self._process as process:
            assert process.stdout is not None  # noqa: S101 - a pipe was asked for
            while line := process.stdout.readline(_LONGEST_ANSWER):
                try:
                    self._answers.put(json.loads(line))
                except ValueError:
                    process.kill()
                    break
            self._answers.put(None)


def _raise_if_set(stop: threading.Event) -> None:
    if stop.is_set():
        raise UnansweredError("stopped")
