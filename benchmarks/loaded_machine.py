"""Watch the real daemon on a machine that is busy.

    python -m benchmarks.loaded_machine [--minutes 10] [--holes 20]

Are late samples told as lost, and are lost ones told? Eight outlets of different rates push without timestamps, as most
senders do, while two processes keep two cores busy. Holes of 0.3 to 1 s are planted in some of them. Prints a row for
each stream; exit status 1 if a gap is false or a hole missed.
"""

import argparse
import json
import multiprocessing
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from eegstream.client import Codes, Gap
from tests.e2e.harness import Daemon, Process, Recorder
from tests.e2e.telltale_bundle import write_telltale

RATES_HZ = (100.0, 125.0, 128.0, 200.0, 250.0, 256.0, 500.0, 1000.0)
HABITS = ("chunk", "rows")
_SETTLED_S = 5.0
"""Holes are planted from here on."""
_NEAR_S = 0.3
"""A gap within this time of a hole, and as long to within this time, tells of it."""


def main() -> int:
    """Run, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--holes", type=int, default=20)
    options = parser.parse_args()
    seconds = 60 * options.minutes
    plans = _plans(seconds, options.holes)
    with ExitStack() as stack:
        for _ in range(2):
            busy = multiprocessing.get_context("spawn").Process(target=_busy, daemon=True)
            busy.start()
            stack.callback(busy.terminate)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        daemon = stack.enter_context(Daemon(write_telltale(folder / "telltale.pt")))
        recorder = stack.enter_context(Recorder(daemon.url)).connected()
        senders = [
            stack.enter_context(Process(plan["name"], "-m", "tests.e2e.field_sender", json.dumps(plan)))
            for plan in plans
        ]
        sent = [int(sender.wait_line(r"^sent (\d+)", seconds + 120)[1]) for sender in senders]
        streams = [recorder.stream_of(plan["name"]) for plan in plans]
        for stream, count in zip(streams, sent, strict=True):
            recorder.wait(
                lambda item, of=stream, n=count: item.kind == "state" and (item.stream, item.received) == (of, n)
            )
        return int(sum(_told(plan, recorder.of(stream)) for plan, stream in zip(plans, streams, strict=True)) > 0)


def _busy() -> None:
    while True:
        np.linalg.svd(np.random.default_rng(0).normal(size=(200, 200)))


def _plans(seconds: float, n_holes: int) -> list[dict]:
    """A plan for each outlet; holes in every second one, well apart."""
    rng = np.random.default_rng(0)
    plans = []
    with_holes = RATES_HZ[::2]
    each = [n_holes // len(with_holes) + (k < n_holes % len(with_holes)) for k in range(len(with_holes))]
    for number, rate_hz in enumerate(RATES_HZ):
        holes = []
        if rate_hz in with_holes:
            slots = np.linspace(_SETTLED_S, seconds - 5, each[with_holes.index(rate_hz)] + 1)
            holes = [[float(b := rng.uniform(a, a + 1)), float(b + rng.uniform(0.3, 1.0))] for a in slots[:-1]]
        plans.append(
            {
                "name": f"busy-{rate_hz:g}",
                "rate_hz": rate_hz,
                "channels": [{"label": label, "unit": "uV", "type": "EEG"} for label in ("Fz", "Cz", "Pz", "Oz")],
                "habit": HABITS[number // 2 % 2],
                "every_s": (0.01, 0.02, 0.033, 0.05)[number % 4],
                "holes": holes,
                "seconds": seconds,
            }
        )
    return plans


def _told(plan: dict, items: list) -> int:
    """Print a stream's row; return how much is wrong with it."""
    gaps = [item for item in items if isinstance(item, Gap)]
    codes = [item for item in items if isinstance(item, Codes)]
    start_s = codes[0].t[0]
    left = list(gaps)
    missed = []
    for begin_s, end_s in plan["holes"]:
        near = [gap for gap in left if abs(gap.t_from - start_s - begin_s) < _NEAR_S and gap.reason == "missing"]
        near = [gap for gap in near if abs(gap.missing / plan["rate_hz"] - (end_s - begin_s)) < _NEAR_S]
        if near:
            left.remove(near[0])
        else:
            missed.append((begin_s, end_s))
    false = [(gap.reason, round(gap.t_from - start_s, 2), gap.missing) for gap in left]
    print(
        f"{plan['name']:10} {plan['habit']:6} each {1e3 * plan['every_s']:3.0f} ms: {len(plan['holes'])} holes, "
        f"{len(missed)} missed {missed or ''}, {len(false)} false gaps {false or ''}, {len(codes)} patches",
        flush=True,
    )
    return len(missed) + len(false)


if __name__ == "__main__":
    sys.exit(main())
