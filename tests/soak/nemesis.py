"""Does one bad thing after the other to the processes of a soak, in an order that a seed decides."""

import heapq
import itertools
import random
import signal
import time
from collections import Counter
from collections.abc import Callable

from tests.e2e.harness import Process
from tests.soak.peers import HELD_S, SLOW, Keeper, Listener, Outlet, attacker, freeze, thaw

RECOVERY_S = 15.0
"""A stream that suffers may have no codes for so long after the act is over."""
HOSTILE = ("mute", "biginfo", "badxml", "noinfo", "slowinfo", "nodata", "reset", "halfsample", "badtwice", "badpattern")
ATTACKS = ("toggling", "plausible", "long", "idle")
ATTACK_S = 3.0


class Nemesis:
    """Call `tick` often. What an act begins, a later tick ends."""

    def __init__(self, rng: random.Random, keeper: Keeper, outlets: list[Outlet], listener: Listener) -> None:
        self._rng, self._keeper, self._outlets, self._listener = rng, keeper, outlets, listener
        self._checker = listener.checker
        self._undo: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._bag: list[str] = []
        self._busy: set[str] = set()
        self._visitors: list[Process] = []
        self.done: Counter[str] = Counter()
        self.history: list[tuple[float, str]] = []
        self.acts: dict[str, Callable[[], str]] = {
            "freeze an outlet": lambda: self._freeze(rng.uniform(1, 8)),
            "freeze an outlet for long": lambda: self._freeze(rng.uniform(16, 25)),
            "kill an outlet": lambda: self._replace(change=False, politely=False),
            "kill an outlet, another geometry": lambda: self._replace(change=True, politely=False),
            "leave and return": lambda: self._replace(change=False, politely=True),
            "leave, another geometry": lambda: self._replace(change=True, politely=True),
            "hole": lambda: self._tell("hole", rng.randint(2, 400)),
            "clock forward": lambda: self._tell("step", rng.choice((0.3, 2.0, 60.0, 3600.0))),
            "clock back": lambda: self._tell("step", -rng.choice((0.3, 2.0, 60.0, 3600.0))),
            "nan samples": lambda: self._tell("nan", rng.randint(1, 700)),
            "huge samples": lambda: self._tell("huge", rng.randint(1, 30)),
            "nan stamps": lambda: self._tell("stamps", rng.randint(1, 20)),
            "nan stamps for long": lambda: self._tell("stamps", rng.randint(1000, 4000)),
            "slow subscriber": lambda: self._visit(Process("slow", "-c", SLOW, keeper.url, "0.3"), 40.0),
            "frozen subscriber": self._frozen_subscriber,
            "hold the daemon": self._hold,
            "encoder sleeps": self._sleep_encoder,
            "reread": lambda: self._signal(signal.SIGHUP),
            **{f"outlet {how}": lambda how=how: self._hostile(how) for how in HOSTILE},
            **{f"subscriber {how}": lambda how=how: self._attack(how) for how in ATTACKS},
        }

    def tick(self, now_s: float, act: bool) -> None:
        """End what is due; then do one thing, if told."""
        while self._undo and self._undo[0][0] <= now_s:
            heapq.heappop(self._undo)[2]()
        if act:
            if not self._bag:
                self._bag = self._rng.sample(sorted(self.acts), len(self.acts))
            self._do(name := self._bag.pop(), self.acts[name])

    def restart(self, *, politely: bool) -> None:
        """End the daemon and start it again."""
        self._do("stop the daemon" if politely else "kill the daemon", lambda: self._restart(politely=politely))

    def revive(self) -> None:
        """Start a daemon that ended by itself."""
        self._excuse(None, 60.0, "restart")
        self._keeper.over()
        self._keeper.start()
        self._excuse(None, RECOVERY_S, "restart")

    def finish(self) -> None:
        """End everything that is under way, and all peers."""
        while self._undo:
            heapq.heappop(self._undo)[2]()
        for visitor in self._visitors:
            thaw(visitor)
            visitor.__exit__(None, None, None)
        for outlet in self._outlets:
            outlet.kill()

    def _do(self, name: str, act: Callable[[], str]) -> None:
        with self._listener.lock:
            self._checker.pace.begin(name)
        what = act()
        self.done[name] += 1
        self.history.append((time.monotonic(), f"{name}: {what}" if what else name))

    def _later(self, seconds: float, undo: Callable[[], None]) -> None:
        heapq.heappush(self._undo, (time.monotonic() + seconds, next(self._order), undo))

    def _excuse(self, name: str | None, seconds: float, why: str) -> None:
        with self._listener.lock:
            self._checker.pace.excuse(name, time.monotonic() + seconds, why)

    def _victim(self) -> Outlet | None:
        free = [outlet for outlet in self._outlets if outlet.name not in self._busy]
        return self._rng.choice(free) if free else None

    def _freeze(self, seconds: float) -> str:
        outlet = self._victim()
        if outlet is None or outlet.process is None:
            return "nobody is free"
        self._excuse(outlet.name, seconds + RECOVERY_S, "act")
        self._busy.add(outlet.name)
        frozen = outlet.process
        freeze(frozen)

        def go_on() -> None:
            thaw(frozen)
            self._busy.discard(outlet.name)
            self._excuse(outlet.name, RECOVERY_S, "act")

        self._later(seconds, go_on)
        return f"{outlet.name} for {seconds:.1f} s"

    def _replace(self, *, change: bool, politely: bool) -> str:
        outlet = self._victim()
        if outlet is None:
            return "nobody is free"
        seconds = self._rng.choice((0.0, 1.0, 5.0))
        self._excuse(outlet.name, seconds + 60.0, "act")
        self._busy.add(outlet.name)
        if politely:
            outlet.leave(self._checker, self._listener.lock)
        else:
            outlet.kill()
        if change:
            outlet.change()

        def come_back() -> None:
            outlet.start()
            self._busy.discard(outlet.name)
            self._excuse(outlet.name, RECOVERY_S, "act")

        self._later(seconds, come_back)
        return f"{outlet.name}, then {outlet.channels} channels at {outlet.rate_hz:g} Hz"

    def _tell(self, word: str, number: float) -> str:
        outlet = self._victim()
        if outlet is None:
            return "nobody is free"
        seconds = number / outlet.rate_hz if word in {"hole", "stamps"} else 0.0
        if word in {"hole", "stamps", "step"}:
            self._excuse(outlet.name, seconds + RECOVERY_S, word)
        outlet.tell(word, number)
        return f"{outlet.name} {word} {number:g}"

    def _visit(self, visitor: Process, seconds: float) -> str:
        self._visitors.append(visitor)

        def send_away() -> None:
            thaw(visitor)
            visitor.__exit__(None, None, None)
            self._visitors.remove(visitor)

        self._later(seconds, send_away)
        return ""

    def _frozen_subscriber(self) -> str:
        visitor = Process("frozen", "-c", SLOW, self._keeper.url, "0")
        visitor.wait_line("^up")
        self._later(2.0, lambda: freeze(visitor))
        self._later(25.0, lambda: thaw(visitor))
        return self._visit(visitor, 30.0)

    def _hostile(self, how: str) -> str:
        return self._visit(Process(how, "-m", "tests.faults.hostile", how), self._rng.uniform(10, 40))

    def _attack(self, how: str) -> str:
        return self._visit(attacker(how, self._keeper.url, ATTACK_S), ATTACK_S + 10.0)

    def _signal(self, number: int) -> str:
        self._keeper.daemon.send(number)
        return ""

    def _hold(self) -> str:
        self._excuse(None, HELD_S + 2.0, "held")
        held = self._keeper.daemon
        freeze(held)
        self._later(HELD_S, lambda: thaw(held))
        return ""

    def _sleep_encoder(self) -> str:
        self._excuse(None, HELD_S + 2.0, "held")
        return self._signal(signal.SIGUSR1)

    def _restart(self, *, politely: bool) -> str:
        self._excuse(None, 60.0, "restart")
        keeper, asked_s = self._keeper, time.monotonic()
        thaw(keeper.daemon)
        if politely:
            status = keeper.daemon.stop()
            took_s = time.monotonic() - asked_s
            with self._listener.lock:
                self._checker.stopped(keeper.run)
                if status or took_s > 6.0:
                    self._checker.broken("stop", f"status {status} after {took_s:.1f} s", time.monotonic())
        else:
            keeper.daemon.kill()
        keeper.over()
        keeper.start()
        self._excuse(None, RECOVERY_S, "restart")
        return ""
