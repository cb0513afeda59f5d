"""The processes of a soak: the daemon, outlets, subscribers. Importing this points LSL to a private corner."""

import json
import random
import signal
import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from eegstream.client import Loss, Subscriber
from tests.e2e.harness import Process
from tests.e2e.telltale_bundle import Telltale
from tests.identity_bundle import manifest, pinned, write_bundle
from tests.soak.checker import Checker
from tests.soak.content import PATCH
from tests.soak.sent import Sent

RATES_HZ = (256.0, 256.0, 128.0, 256.0, 500.0, 256.0, 1000.0, 250.0)
"""At 256 Hz patches hold the very samples that were sent; the others are resampled."""
HELD_S = 3.0

_PROGRAM = f"""
import signal, sys, time
from eegstream.cli import main
from eegstream.codec.engine import Engine
compute, asked = Engine.encode, []
def encode(engine, patches_uv, rates_hz):
    if asked:
        time.sleep(asked.pop())
    return compute(engine, patches_uv, rates_hz)
Engine.encode = encode
signal.signal(signal.SIGUSR1, lambda *_: asked.append({HELD_S}))
sys.argv = ["eegstream", "run", *sys.argv[1:]]
main()
"""
"""`eegstream run`, whose encoder sleeps once after SIGUSR1."""

SLOW = """
import sys, time
from eegstream.client import Subscriber
with Subscriber(sys.argv[1]) as subscriber:
    print("up", flush=True)
    while True:
        subscriber.receive(1.0)
        time.sleep(float(sys.argv[2]))
"""


def write_model(folder: Path) -> Path:
    """A bundle without filters: codes at 256 Hz hold each sample's bits, and a small network's view of them."""
    description = manifest(PATCH, highpass_hz=None)
    description |= {"name": "telltale", "words": 2 * description["words"]}
    return write_bundle(folder / "telltale.pt", description, Telltale(PATCH).eval())


class Keeper:
    """Keeps a daemon at one address, life after life."""

    def __init__(self, model: Path) -> None:
        self.model, self.url = model, f"tcp://127.0.0.1:{_two_free_ports()}"
        self.daemon: Process
        self.run = ""
        self.lives = 0
        self.log: list[str] = []
        """Lines of the daemons before."""

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        self.lives += 1
        self.daemon = Process("daemon", "-c", _PROGRAM, *pinned(self.model), "--device", "cpu", "--bind", self.url)
        self.run = self.daemon.wait_line(r"ready: .* run ([0-9a-f]{16})")[1]

    def over(self) -> None:
        """Keep the log of a daemon that ended."""
        self.log += self.daemon.lines
        Process.started.clear()

    def lines(self, *words: str) -> list[str]:
        """Lines of all daemons with one of these words."""
        return [line for line in [*self.log, *self.daemon.lines] if any(word in line for word in words)]


class Outlet:
    """One outlet of the soak, life after life; `rng` decides its geometry."""

    lives = 0
    """Of all outlets together."""

    def __init__(self, number: int, folder: Path, sent: Sent, rng: random.Random) -> None:
        self.name, self._folder, self._sent, self._rng = f"soak-{number}", folder, sent, rng
        self.rate_hz, self.channels = RATES_HZ[number % len(RATES_HZ)], rng.randint(4, 16)
        self.process: Process | None = None

    def start(self) -> None:
        """Begin the next life."""
        Outlet.lives += 1
        file = self._folder / str(Outlet.lives)
        plan = {
            "name": self.name, "source_id": f"{self.name}-device", "rate_hz": self.rate_hz, "channels": self.channels,
            "life": Outlet.lives, "file": str(file),
        }  # fmt: skip
        self.process = Process(self.name, "-m", "tests.soak.outlet", json.dumps(plan))
        self.uid = self.process.wait_line(r"^up (\S+)")[1]
        self._sent.register(self.uid, file)

    def change(self) -> None:
        """The next life has another geometry."""
        self.rate_hz, self.channels = self._rng.choice(RATES_HZ), self._rng.randint(4, 16)

    def tell(self, word: str, number: float) -> None:
        """Have it do something."""
        if self.process is not None and not self.process.ended:
            self.process._child.stdin.write(f"{word} {number}\n")
            self.process._child.stdin.flush()

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None:
            self.process.__exit__(None, None, None)
            self.process = None

    def leave(self, checker: Checker, lock: threading.Lock) -> None:
        """Have it send no more, say how much it sent, and leave."""
        self.tell("leave", 0)
        count = int(self.process.wait_line(r"^left (\d+)", 20.0)[1])
        with lock:
            checker.expect_total(self.uid, count)
        self.process.wait(20.0)
        self.kill()


class Listener:
    """Feeds a checker with everything that one good subscriber hears; what it lost it asks for."""

    def __init__(self, url: str, checker: Checker) -> None:
        self.checker, self.lock = checker, threading.Lock()
        self.stalls = self.recovered = 0
        self.failure: BaseException | None = None
        self._url, self._stop = url, threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Hear no more."""
        self._stop.set()
        self._thread.join(10.0)

    def _listen(self) -> None:
        try:
            with Subscriber(self._url) as subscriber:
                before_s = time.monotonic()
                while not self._stop.is_set():
                    self._take(subscriber, subscriber.receive(0.1))
                    now_s = time.monotonic()
                    if now_s - before_s > 1.0:  # this machine, or this process, did not run
                        self.stalls += 1
                        with self.lock:
                            self.checker.pace.excuse(None, now_s + 1.0, "stall")
                    before_s = now_s
        except BaseException as failure:  # noqa: BLE001 - told in the report
            self.failure = failure

    def _take(self, subscriber: Subscriber, item: object) -> None:
        items = [item]
        if isinstance(item, Loss):
            items = list(subscriber.resume(item))
            self.recovered += sum(not isinstance(each, Loss) for each in items)
        with self.lock:
            for each in items:
                if each is not None:
                    self.checker.take(each, time.monotonic())
            self.checker.look(time.monotonic())


def attacker(how: str, url: str, seconds: float) -> Process:
    """A hostile subscriber, for so long."""
    at = urlsplit(url)
    return Process(how, "-m", "tests.faults.hostile_subscriber", how, str(at.hostname), str(at.port), str(seconds))


def freeze(process: Process) -> None:
    """Let it not run."""
    process.send(signal.SIGSTOP)


def thaw(process: Process) -> None:
    """Let it run again."""
    if not process.ended:
        process.send(signal.SIGCONT)


def _two_free_ports() -> int:
    """A port that is free, with the next one: the daemon's address must stay the same over its lives."""
    for port in random.SystemRandom().sample(range(34_000, 60_000, 2), 100):
        try:
            with socket.create_server(("127.0.0.1", port)), socket.create_server(("127.0.0.1", port + 1)):
                return port
        except OSError:
            continue
    raise OSError("no two free ports")
