"""Do tasks in processes of this machine, with one compute thread each.

Each process is a pool of its own, so that a process that dies takes one known task with it and no other.
"""

import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TypeVar

from eegstream.workers.spreading import ATTEMPTS, Lost, Spreading

T = TypeVar("T")
R = TypeVar("R")

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_processes(jobs: int) -> Spreading:
    """The way that does tasks in at most `jobs` processes.

    If a process dies, another one does its task again. If this process dies, so do the others.
    """

    def spread(function: Callable[[T], R], tasks: Sequence[T]) -> Generator[tuple[int, R | Lost], None, None]:
        context = multiprocessing.get_context("spawn")
        told, ending = context.Pipe(duplex=False)

        def pool() -> ProcessPoolExecutor:
            return ProcessPoolExecutor(1, mp_context=context, initializer=_begin, initargs=(told,))

        waiting = deque(range(len(tasks)))
        deaths: Counter[int] = Counter()
        running: dict[Future[R], tuple[int, ProcessPoolExecutor]] = {}

        def start(on: ProcessPoolExecutor) -> None:
            if waiting:
                number = waiting.popleft()
                running[on.submit(function, tasks[number])] = number, on
            else:
                on.shutdown(wait=False)

        try:
            for _ in range(min(jobs, len(tasks))):
                start(pool())
            while running:
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    number, worker = running.pop(future)
                    try:
                        outcome: R | Lost = future.result()
                    except BrokenProcessPool:
                        worker.shutdown(wait=False)
                        deaths[number] += 1
                        if deaths[number] < ATTEMPTS:
                            waiting.appendleft(number)
                            start(pool())
                            continue
                        worker, outcome = pool(), Lost()
                    start(worker)
                    yield number, outcome
        finally:
            ending.close()
            told.close()
            for _, worker in running.values():
                worker.shutdown(wait=True, cancel_futures=True)

    return spread


def _begin(told: Connection) -> None:
    """Prepare a process: one thread, deaf to Ctrl-C, which is for the process that started it, and gone with it."""
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    with suppress(ValueError):  # not the main thread
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(told,), daemon=True).start()


def _end_with(told: Connection) -> None:
    """End this process at once when the one that started it has closed its end, or is gone."""
    with suppress(EOFError, OSError):
        told.recv_bytes()
    os._exit(1)
