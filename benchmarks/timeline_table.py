"""Print how right the timeline is: false borders, errors of its times, holes found, and what it costs.

    python -m benchmarks.timeline_table [--quick] [--late] [--against CHECKOUT]

Ten minutes and ten seeds a row take some minutes, ten hours of each late sender some more. Errors in ms, the constant
mean latency removed; beside each figure, in brackets, what it shall be at most. `--late` prints the late senders alone,
`--against` the same of another checkout's timeline below.
"""

import argparse
import importlib
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from eegstream.dsp.timeline import Timeline
from tests.dsp.late_measure import Lateness, Losses
from tests.dsp.late_senders import LATE_RATES, SENDERS
from tests.dsp.timestamp_cases import CASES, RATES, Case, breaks_of, measure, run, stalls
from tests.dsp.timestamp_holes import HOLE_ROWS

_NOISY = [case for case in CASES if not case.name.startswith(("exact", "start", "wobble"))]
_LATE_RUN_S = 600.0

Make = Callable[[float], Any]
"""How to make a timeline."""


def main() -> None:
    """Print every part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one minute and two seeds a row")
    parser.add_argument("--late", action="store_true", help="late senders alone")
    parser.add_argument("--against", metavar="CHECKOUT", help="another checkout, to be measured as well")
    options = parser.parse_args()
    makes: list[Make] = [Timeline]
    if options.against:
        makes.append(_timeline_of(options.against))
    for number, make in enumerate(makes):
        if number:
            print(f"\n\n{options.against}")
        if not options.late:
            _print_calm(make, quick=options.quick)
        _print_late(make, runs=7 if options.quick else 60)
        _print_losses(make, losses=3 if options.quick else 20)
        _print_cost(make)


def _timeline_of(checkout: str) -> Make:
    """The timeline of another checkout of this repository."""
    own = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "eegstream"}
    sys.path.insert(0, checkout)
    try:
        make: Make = importlib.import_module("eegstream.dsp.timeline").Timeline
    finally:
        sys.path.pop(0)
        for name in [name for name in sys.modules if name.split(".")[0] == "eegstream"]:
            del sys.modules[name]
        sys.modules.update(own)
    return make


def _print_calm(make: Make, *, quick: bool) -> None:
    seconds, seeds = (60.0, 2) if quick else (600.0, 10)
    _print_errors(make, seconds, seeds)
    _print_starts(make, 20 if quick else 400)
    _print_stalls(make, seconds, 2 if quick else 30)
    _print_holes(make, 2 if quick else 20)


def _print_errors(make: Make, seconds: float, seeds: int) -> None:
    print(f"{seeds} seeds of {seconds:g} s: false | before 0.25 s med/max | before 1 s | then max, rms | > 10 s | bias")
    for case in CASES:
        runs = [measure(case, seconds, seed, make) for seed in range(seeds)]
        first = [errors.first for errors in runs]
        figures = (
            max(first),
            max(errors.second for errors in runs),
            max(errors.later for errors in runs),
            max(errors.later_rms for errors in runs),
            max(errors.late for errors in runs),
        )
        shown = "  ".join(f"{value:5.2f} ({limit:g})" for value, limit in zip(figures, case.limits, strict=True))
        false, bias = sum(errors.false_borders for errors in runs), np.mean([errors.bias for errors in runs])
        print(f"{case!s:44} {false}  {np.median(first):5.2f} / {shown}  {bias:+.2f}")


def _print_starts(make: Make, starts: int) -> None:
    print(f"\nfalse borders in {starts} starts of 6 s")
    for case in _NOISY:
        print(f"{case!s:44} {sum(_borders(case, 6.0, seed, make) for seed in range(starts))}")


def _print_stalls(make: Make, seconds: float, seeds: int) -> None:
    case = Case("stalls", 500.0, stalls, (0, 0, 0, 0, 0))
    false = sum(_borders(case, seconds, seed, make) for seed in range(seeds))
    print(f"\nstalls of 1-15 ms each 2 s, {seeds} x {seconds:g} s: {false} false borders")


def _borders(case: Case, seconds: float, seed: int, make: Make) -> int:
    _, timestamps_s = case.make(np.random.default_rng(seed), np.arange(round(seconds * case.rate_hz)))
    return len(breaks_of(run(case.rate_hz, timestamps_s, make=make)))


def _print_holes(make: Make, runs: int) -> None:
    print("\nholes")
    for row in HOLE_ROWS:
        print(f"{row!s:76} {row.tally(runs, 20, make)} ({row.count_off_ms:g})")


def _print_late(make: Make, runs: int) -> None:
    print(f"\nlate senders, all delivered, {runs} runs of {_LATE_RUN_S:g} s at {len(LATE_RATES)} rates")
    print("gaps, missing, other borders, skipped | largest error > 10 s, in bursts | bias | told bound holds | start s")
    for sender in SENDERS:
        figures = Lateness()
        for number in range(runs):
            figures.add(sender, LATE_RATES[number % len(LATE_RATES)], _LATE_RUN_S, number, make)
        print(
            f"{sender!s:48} {figures.gaps:5} {figures.missing:7} {figures.others:5} {figures.skipped:7} | "
            f"{max(figures.errors):7.1f} {max(figures.shares):6.2f} | "
            f"{min(figures.biases):+6.1f} .. {max(figures.biases):+6.1f} | {np.mean(figures.within):5.3f} | "
            f"{np.median(figures.starts):4.2f} / {max(figures.starts):4.2f}",
            flush=True,
        )


def _print_losses(make: Make, losses: int) -> None:
    print(
        f"\nlosses of 2.1 to 4 burst intervals, {losses} at each rate: delay in intervals med/max, count off in bursts"
    )
    for sender in SENDERS:
        if not sender.burst_s(250.0) or "stall" in sender.name or "held" in sender.name:
            continue
        figures = Losses()
        for number, rate_hz in enumerate(LATE_RATES):
            figures.add(sender, rate_hz, losses, number, make)
        delays, off = figures.delays or [0.0], figures.off or [0.0]
        print(
            f"{sender!s:48} {figures.count}, {figures.missed} missed, {figures.false} false | "
            f"{np.median(delays):4.2f} / {max(delays):4.2f} | {min(off):+.2f} .. {max(off):+.2f}"
        )


def _print_cost(make: Make) -> None:
    print("\ncost of 60 s with 1 ms of jitter")
    for rate in RATES:
        timestamps_s = np.arange(60 * rate) / rate + 0.001 * np.random.default_rng(0).normal(size=60 * rate)
        for chunk in (10, 100, 1000):
            timeline, begin = make(float(rate)), time.perf_counter()
            for start in range(0, timestamps_s.size, chunk):
                timeline.push(timestamps_s[start : start + chunk])
            spent = time.perf_counter() - begin
            each_us, each_ns = 1e6 * spent / (timestamps_s.size / chunk), 1e9 * spent / timestamps_s.size
            print(f"{rate:5} Hz, chunks of {chunk:4}: {each_us:6.1f} us a chunk, {each_ns:5.0f} ns a sample")


if __name__ == "__main__":
    main()
