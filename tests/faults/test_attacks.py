"""Subscribers that attack: what they do to memory, to the others and to the daemon is bounded.

Each attacker is a process that speaks ZMTP by hand. Memory and silence are measured while it attacks, and how long
the machine keeps processes waiting: what one does to it is no silence of the publisher's.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from eegstream.client import Codes, Loss, Spec, Subscriber
from eegstream.pubsub.newcomers import REPEATS_AT_ONCE, REPEATS_PER_S
from eegstream.pubsub.publisher import Publisher, open_publisher
from tests.e2e.harness import REPOSITORY
from tests.faults.machine import Machine
from tests.files.test_codes import codes, spec

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")

MOST_GROWTH_MIB = 150.0
MOST_SILENCE_S = 0.2
CALL_S = 0.3
ATTACK_S = 3.0
STREAM = "eeg-000000"


def memory_mib(pid: int) -> float:
    """Resident memory of a process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return sum(_own_memory_mib(int(each)) for each in [str(pid), *children])


def _own_memory_mib(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)


class Publishing:
    """A publisher fed 200 times a second by a thread, as a daemon's worker would."""

    def __init__(self, publisher: Publisher) -> None:
        self.publisher, self.sent = publisher, 0
        self.longest_call_s = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Publishing":
        self.publisher.publish(spec())
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._stop.wait(0.005):
            self.sent += 1
            started_s = time.monotonic()
            self.publisher.publish(codes(self.sent, 0, self.sent))
            self.publisher.welcome_newcomers()
            self.longest_call_s = max(self.longest_call_s, time.monotonic() - started_s)


class Listener:
    """A well-behaved subscriber: when codes came, how many specs, how much was lost."""

    def __init__(self, url: str) -> None:
        self.silence_s, self.specs, self.lost, self.heard = 0.0, 0, 0, 0
        self._url, self._stop, self.ready = url, threading.Event(), threading.Event()
        self._counting = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def count_anew(self) -> None:
        """Count specs and silence from now on."""
        with self._counting:
            self.specs, self.silence_s = 0, 0.0

    def hears_on(self) -> None:
        """Wait until it got what the publisher sends from now on."""
        heard, deadline_s = self.heard, time.monotonic() + 30
        while self.heard < heard + 100 and time.monotonic() < deadline_s:
            time.sleep(0.05)
        assert self.heard >= heard + 100

    def __enter__(self) -> "Listener":
        self._thread.start()
        assert self.ready.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)

    def _run(self) -> None:
        last_s = None
        with Subscriber(self._url, STREAM) as subscriber:
            while not self._stop.is_set():
                item, now_s = subscriber.receive(0.05), time.monotonic()
                with self._counting:
                    if last_s is not None:
                        self.silence_s = max(self.silence_s, now_s - last_s)
                    self.specs += isinstance(item, Spec)
                    self.heard += isinstance(item, Codes)
                    self.lost += item.count if isinstance(item, Loss) else 0
                if isinstance(item, Codes):
                    last_s = now_s
                    self.ready.set()


@contextmanager
def attackers(how: str, url: str, count: int = 1) -> Iterator[None]:
    """Processes that attack for a while; leaving waits for them."""
    host, port = url.removeprefix("tcp://").rsplit(":", 1)
    command = [sys.executable, "-m", "tests.faults.hostile_subscriber", how, host, port, str(ATTACK_S)]
    started = [subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL) for _ in range(count)]
    try:
        yield
    finally:
        for process in started:
            try:
                process.wait(ATTACK_S + 10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with open_publisher("tcp://127.0.0.1:*") as opened:
        yield opened


@pytest.mark.parametrize(
    ("how", "count"),
    [("long", 1), ("short", 2), ("plausible", 2), ("toggling", 2), ("idle", 2), ("crowd", 1), ("unfinished", 1)],
)
def test_an_attack_costs_bounded_memory_and_silence(publisher: Publisher, how: str, count: int) -> None:
    """Floods of subscriptions, of any kind: the others hear on, and the publisher's own calls are short."""
    with Machine() as machine, Publishing(publisher) as publishing, Listener(publisher.url) as listener:
        before_mib = peak_mib = memory_mib(os.getpid())
        listener.count_anew()
        with attackers(how, publisher.url, count):
            ends_s = time.monotonic() + ATTACK_S
            while time.monotonic() < ends_s:
                peak_mib = max(peak_mib, memory_mib(os.getpid()))
                time.sleep(0.05)
    assert peak_mib - before_mib < MOST_GROWTH_MIB
    assert listener.silence_s < MOST_SILENCE_S + CALL_S + 3 * machine.pause_s
    assert publishing.longest_call_s < CALL_S + machine.pause_s
    assert listener.heard > publishing.sent / 2
    assert listener.specs <= REPEATS_AT_ONCE + REPEATS_PER_S * 2 * ATTACK_S + 2, "repeats for newcomers are few"
    assert publisher.restarts == 0


@pytest.mark.parametrize("how", ["pinging"])
def test_what_libzmq_does_not_survive_is_told_and_over_soon(publisher: Publisher, how: str) -> None:
    """A flaw of libzmq 4.3.5: the publishing process may end, the daemon's calls stay short.

    All that was lost is told by `seq`, memory stays bounded, and afterwards everything is heard again.
    """
    with Machine() as machine, Publishing(publisher) as publishing, Listener(publisher.url) as listener:
        before_mib = peak_mib = memory_mib(os.getpid())
        with attackers(how, publisher.url):
            ends_s = time.monotonic() + ATTACK_S
            while time.monotonic() < ends_s:
                peak_mib = max(peak_mib, memory_mib(os.getpid()))
                time.sleep(0.05)
        listener.hears_on()
    assert (
        peak_mib - before_mib < 2 * MOST_GROWTH_MIB
    )  # the second process is there before the first one's memory is back
    assert publishing.longest_call_s < CALL_S + machine.pause_s
    assert publishing.sent - 50 <= listener.heard + listener.lost + 200


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the process is killed or stopped")
@pytest.mark.parametrize("name", ["SIGKILL", "SIGSTOP"])
def test_a_publishing_process_that_does_not_move_is_replaced(publisher: Publisher, name: str) -> None:
    """A loss is told, and can be asked for: the messages were kept by the daemon, too."""
    with Subscriber(publisher.url, STREAM) as subscriber:
        publisher.publish(spec())
        got: list[object] = []
        sent, deadline_s = 0, time.monotonic() + 30
        killed = False
        loss = None
        while loss is None and time.monotonic() < deadline_s:
            sent += 1
            publisher.publish(codes(sent, 0, sent))
            publisher.welcome_newcomers()
            item = subscriber.receive(0.005)
            got += [item] if item is not None else []
            if sent > 100 and len(got) > 20 and not killed:
                os.kill(publisher._outlet.pid, signal.Signals[name])  # type: ignore[attr-defined]
                killed = True
            loss = item if isinstance(item, Loss) else None
        assert loss is not None
        assert publisher.restarts == 1
        fetched = list(subscriber.resume(loss))
        assert [item.seq for item in fetched if isinstance(item, Codes)] == list(
            range(loss.first_seq, loss.first_seq + loss.count)
        )


def test_one_newcomer_does_not_trouble_the_others(publisher: Publisher) -> None:
    """A spec repeated for a newcomer of one stream goes to it alone."""
    with Publishing(publisher), Listener(publisher.url) as listener:
        with Subscriber(publisher.url, STREAM) as newcomer:
            assert isinstance(newcomer.receive(10), Spec)
        listener.hears_on()  # its own specs came before: it was served before this newcomer
        listener.count_anew()
        for _ in range(20):
            with Subscriber(publisher.url, STREAM) as newcomer:
                assert isinstance(newcomer.receive(10), Spec)
        assert listener.specs == 0
