"""Print how right the timeline is: false borders, errors of its times, holes found, and what it costs.

    python -m benchmarks.timeline_table [--quick]

Ten minutes and ten seeds a row take some minutes. Errors in ms, the constant mean latency removed; beside each figure,
in brackets, what it shall be at most.
"""

import argparse
import time

import numpy as np

from eegstream.dsp.timeline import Timeline
from tests.dsp.stamp_cases import CASES, RATES, Case, breaks_of, measure, run, stalls
from tests.dsp.stamp_holes import HOLE_ROWS

_NOISY = [case for case in CASES if not case.name.startswith(("exact", "start", "wobble"))]


def main() -> None:
    """Print every part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one minute and two seeds a row")
    quick = parser.parse_args().quick
    seconds, seeds = (60.0, 2) if quick else (600.0, 10)
    _print_errors(seconds, seeds)
    _print_starts(20 if quick else 400)
    _print_stalls(seconds, 2 if quick else 30)
    _print_holes(2 if quick else 20)
    _print_cost()


def _print_errors(seconds: float, seeds: int) -> None:
    print(f"{seeds} seeds of {seconds:g} s: false | before 0.25 s med/max | before 1 s | then max, rms | > 10 s | bias")
    for case in CASES:
        runs = [measure(case, seconds, seed) for seed in range(seeds)]
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


def _print_starts(starts: int) -> None:
    print(f"\nfalse borders in {starts} starts of 6 s")
    for case in _NOISY:
        print(f"{case!s:44} {sum(_borders(case, 6.0, seed) for seed in range(starts))}")


def _print_stalls(seconds: float, seeds: int) -> None:
    case = Case("stalls", 500.0, stalls, (0, 0, 0, 0, 0))
    false = sum(_borders(case, seconds, seed) for seed in range(seeds))
    print(f"\nstalls of 1-15 ms each 2 s, {seeds} x {seconds:g} s: {false} false borders")


def _borders(case: Case, seconds: float, seed: int) -> int:
    _, stamps_s = case.make(np.random.default_rng(seed), np.arange(round(seconds * case.rate_hz)))
    return len(breaks_of(run(case.rate_hz, stamps_s)))


def _print_holes(runs: int) -> None:
    print("\nholes")
    for row in HOLE_ROWS:
        print(f"{row!s:76} {row.tally(runs, 20)} ({row.count_off_ms:g})")


def _print_cost() -> None:
    print("\ncost of 60 s with 1 ms of jitter")
    for rate in RATES:
        stamps_s = np.arange(60 * rate) / rate + 0.001 * np.random.default_rng(0).normal(size=60 * rate)
        for chunk in (10, 100, 1000):
            timeline, begin = Timeline(float(rate)), time.perf_counter()
            for start in range(0, stamps_s.size, chunk):
                timeline.push(stamps_s[start : start + chunk])
            spent = time.perf_counter() - begin
            each_us, each_ns = 1e6 * spent / (stamps_s.size / chunk), 1e9 * spent / stamps_s.size
            print(f"{rate:5} Hz, chunks of {chunk:4}: {each_us:6.1f} us a chunk, {each_ns:5.0f} ns a sample")


if __name__ == "__main__":
    main()
