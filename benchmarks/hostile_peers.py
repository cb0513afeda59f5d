"""What hostile outlets cost a daemon, and a good stream beside them: a line for each of them.

    python -m benchmarks.hostile_peers [MODE...]

MODE+MODE is both at once. The good stream has 250 Hz. "pause" is the longest time between the arrivals of two of its
codes, less the length of a patch; "lost" counts its codes that never came. Memory and processor time are those of the
daemon, "processes" is the most that its child processes held together (shared pages count in each). "stop" is the time
from SIGTERM until the daemon has said its last word.
"""

import os
import signal
import sys
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from eegstream.client import Codes, State
from tests.e2e.harness import Daemon, OutletPlan, Process, Recorder, outlet
from tests.e2e.telltale_bundle import write_telltale
from tests.faults.hostile import MISBEHAVIOURS
from tests.faults.processes import children, held_mib

PATCH_S = 0.25
SECONDS = 8.0
"""How long each hostile outlet is there."""
HEADINGS = ("outlet", "RSS MiB", "CPU s", "processes MiB", "pause ms", "lost", "stop s")


@dataclass
class Cost:
    """What was seen while one hostile outlet was there."""

    grown_mib: float = 0.0
    processes_mib: float = 0.0
    cpu_s: float = 0.0
    pause_s: float = 0.0
    lost: int = 0
    stop_s: float = 0.0
    told: str = "nothing"


def measure(bundle: Path, mode: str) -> Cost:
    """Run a daemon with a good and a hostile outlet."""
    plan = OutletPlan("good", "good-1", rate_hz=250.0, seconds=10 * SECONDS)
    with Daemon(bundle) as daemon, Recorder(daemon.url) as recorder, outlet(plan):
        recorder.connected()
        stream = recorder.stream_of(plan.name)
        recorder.wait(lambda item: isinstance(item, Codes) and item.stream == stream and item.first >= 4)
        cost, begun_mib, begun_s = Cost(), held_mib(daemon.pid), time.monotonic()
        begun_cpu_s = cpu_s(daemon.pid)
        with Process("hostile", "-m", "tests.faults.hostile", *mode.split("+")) as hostile:
            hostile.wait_line("^up ")
            while time.monotonic() - begun_s < SECONDS:
                cost.grown_mib = max(cost.grown_mib, held_mib(daemon.pid) - begun_mib)
                cost.processes_mib = max(cost.processes_mib, sum(map(held_mib, children(daemon.pid))))
                time.sleep(0.05)
            cost.cpu_s = cpu_s(daemon.pid) - begun_cpu_s
            heard = [(t, item) for t, item in recorder.timed if t > begun_s and isinstance(item, Codes)]
            good = [(t, item) for t, item in heard if item.stream == stream]
            steps = [(t1 - t0, b.first - a.first) for (t0, a), (t1, b) in pairwise(good)]
            cost.pause_s = max(step_s - PATCH_S for step_s, _ in steps)
            cost.lost = sum(count - 1 for _, count in steps)
            cost.told = told(recorder)
            begun_s = time.monotonic()
            daemon.send(signal.SIGTERM)
            daemon.wait_line("INFO stopped")
            cost.stop_s = time.monotonic() - begun_s
    return cost


def told(recorder: Recorder) -> str:
    """The last status of the hostile outlet, and why."""
    states = [item for item in recorder.items if isinstance(item, State) and item.stream.startswith("h-")]
    return f"{states[-1].status}: {states[-1].why or ''}" if states else "nothing"


def cpu_s(pid: int) -> float:
    """Processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Print the table."""
    print(" | ".join((*HEADINGS, "told")))
    with TemporaryDirectory() as folder:
        bundle = write_telltale(Path(folder) / "telltale.pt")
        for mode in sys.argv[1:] or MISBEHAVIOURS:
            cost = measure(bundle, mode)
            numbers = f"{cost.grown_mib:.0f} | {cost.cpu_s:.1f} | {cost.processes_mib:.0f} | {cost.pause_s * 1000:.0f}"
            print(f"{mode} | {numbers} | {cost.lost} | {cost.stop_s:.2f} | {cost.told}", flush=True)


if __name__ == "__main__":
    main()
