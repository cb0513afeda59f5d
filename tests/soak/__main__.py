"""Let a daemon run for long while everything around it misbehaves, and hold it to its promises.

    python -m tests.soak --minutes 60 [--seed N] [--report FILE]

The exit status is 1 if a promise was broken.
"""

import argparse
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.soak.checker import Checker
from tests.soak.nemesis import RECOVERY_S, Nemesis
from tests.soak.pace import Pace
from tests.soak.peers import RATES_HZ, Keeper, Listener, Outlet, write_model
from tests.soak.report import Held, growing, measure, summary, table, write
from tests.soak.sent import Sent

RESTARTS = ((0.05, True), (0.1, False), (0.18, True), (0.3, False), (0.45, True))
"""Shares of the time at which the daemon is ended, politely or not: late lives are long."""
BETWEEN_RESTARTS_S = 45.0
SAMPLE_S, PROGRESS_S = 10.0, 60.0


class Soak:
    """All of it."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.options, rng = options, random.Random(options.seed)  # noqa: S311 - repeatable, not secret
        self.rng, self.keeper = rng, Keeper(write_model(folder))
        self.keeper.start()
        sent = Sent()
        self.pace = Pace(options.pause, options.pause + 2.0)
        self.listener = Listener(self.keeper.url, Checker(sent, self.pace))
        self.checker = self.listener.checker
        self.outlets = [Outlet(number, folder, sent, rng) for number in range(options.streams)]
        self.nemesis = Nemesis(rng, self.keeper, self.outlets, self.listener)
        self.held: list[Held] = []
        self.begun_s = 0.0
        self.complained = 0

    def run(self) -> None:
        """Start the outlets, then let the nemesis work until the time is over."""
        while not self.checker.counts["messages"]:
            time.sleep(0.1)
        for outlet in self.outlets:
            outlet.start()
            with self.listener.lock:
                self.pace.watch(outlet.name, time.monotonic())
                self.pace.excuse(outlet.name, time.monotonic() + RECOVERY_S)
        self.begun_s = time.monotonic()
        ends_s = self.begun_s + 60 * self.options.minutes
        restarts = [(self.begun_s + after_s, politely) for after_s, politely in _restarts(60 * self.options.minutes)]
        sample_s, progress_s, act_s = self.begun_s, self.begun_s + PROGRESS_S, self.begun_s + 5.0
        while (now_s := time.monotonic()) < ends_s and self.listener.failure is None:
            if restarts and now_s >= restarts[0][0]:
                self.nemesis.restart(politely=restarts.pop(0)[1])
            self.nemesis.tick(now_s, act=now_s >= act_s)
            if now_s >= act_s:
                act_s = time.monotonic() + self.rng.uniform(*self.options.between)
            if now_s >= sample_s:
                sample_s += SAMPLE_S
                self._measure(now_s)
            if now_s >= progress_s:
                progress_s += PROGRESS_S
                self._tell(now_s)
            self._watch_daemon(now_s)
            self._complain()
            time.sleep(0.05)

    def finish(self) -> dict[str, Any]:
        """End everything; the report."""
        now_s = time.monotonic()
        if self.listener.failure is not None:
            self.checker.broken("listener", repr(self.listener.failure), now_s)
        with self.listener.lock:
            self.pace.excuse(None, float("inf"), "the end")
        self.nemesis.finish()
        status = None if self.keeper.daemon.ended else self.keeper.daemon.stop()
        time.sleep(1.0)
        self.listener.stop()
        if status:
            self.checker.broken("stop", f"status {status} at the end", now_s)
        self.keeper.daemon.__exit__(None, None, None)
        for line in self.keeper.lines("Traceback"):
            self.checker.broken("log", line, now_s)
        report = summary(
            self.checker, self.held, self.nemesis.done, self.keeper.lines(" ERROR ", " CRITICAL "),
            seed=self.options.seed, minutes=(now_s - self.begun_s) / 60, lives=self.keeper.lives,
            recovered=self.listener.recovered, listener_stalls=self.listener.stalls, begun_s=self.begun_s,
            history=self.nemesis.history, log=self.keeper.lines("")[-5000:],
        )  # fmt: skip
        for text in growing(report["trends"]):
            report["broken"].append({"what": "growth", "stream": "", "run": "", "text": text, "at_s": now_s})
        return report

    def _measure(self, now_s: float) -> None:
        if (held := measure(self.keeper.daemon.pid, self.keeper.lives, now_s)) is not None:
            self.held.append(held)

    def _watch_daemon(self, now_s: float) -> None:
        if self.keeper.daemon.ended:
            status, last = self.keeper.daemon.wait(), self.keeper.daemon.lines[-3:]
            with self.listener.lock:
                self.checker.broken("daemon", f"ended by itself with status {status}: {last}", now_s)
            self.nemesis.revive()

    def _complain(self) -> None:
        """Say at once what was broken, and what was done before."""
        with self.listener.lock:
            new = self.checker.violations[self.complained :]
        self.complained += len(new)
        for each in new:
            last = [what for _, what in self.nemesis.history[-3:]]
            minutes = (each.at_s - self.begun_s) / 60
            _say(f"  broken at {minutes:.2f} min: {each.what} {each.stream} {each.run}: {each.text}; after {last}")

    def _tell(self, now_s: float) -> None:
        last = self.held[-1] if self.held else None
        with self.listener.lock:
            counts, broken = dict(self.checker.counts), len(self.checker.violations)
            pause_s = max(self.pace.longest_s.values(), default=0.0)
        text = (
            f"{(now_s - self.begun_s) / 60:5.1f} min: {sum(self.nemesis.done.values())} acts, {counts['codes']} codes, "
        )
        text += (
            f"{counts['compared']} compared, {counts['gaps']} gaps, {counts['lost']} lost, {self.listener.recovered} "
        )
        text += f"recovered, longest pause {pause_s:.1f} s, {broken} broken"
        if last is not None:
            text += f"; {last.mib:.0f} + {last.children_mib:.0f} MiB, {last.threads} threads, {last.files} files"
        _say(text)


def _restarts(seconds: float) -> list[tuple[float, bool]]:
    """When the daemon is ended, and whether politely; fewer times in a short soak."""
    chosen: list[tuple[float, bool]] = []
    for share, politely in reversed(RESTARTS):
        if not chosen or chosen[0][0] - share * seconds >= BETWEEN_RESTARTS_S:
            chosen.insert(0, (share * seconds, politely))
    return chosen


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description="A daemon among those who misbehave.")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--streams", type=int, default=len(RATES_HZ))
    parser.add_argument("--pause", type=float, default=5.0, help="longest pause of a healthy stream, in seconds")
    parser.add_argument("--between", type=float, nargs=2, default=(5.0, 20.0), help="seconds between two acts")
    parser.add_argument("--report", type=Path, help="where to write the report as JSON")
    return parser.parse_args()


def main() -> int:
    """Run it; the exit status."""
    options = _options()
    _say(f"seed {options.seed}, {options.minutes:g} minutes")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="eegstream-soak-") as folder:
        soak = Soak(options, Path(folder))
        try:
            soak.run()
        except KeyboardInterrupt:
            _say("told to stop")
        finally:
            report = soak.finish()
            write(report, options.report)
            _say(table(report))
    return 1 if report["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
