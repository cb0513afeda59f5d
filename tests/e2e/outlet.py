"""An LSL outlet in a process of its own, written against pylsl alone.

    python -m tests.e2e.outlet '{"name": ..., }'        see harness.OutletPlan

It says `up UID`, sends once somebody listens, says `sent N`, and leaves when its standard input closes. A line on its
standard input ends the sending, and nothing else.
"""

import json
import sys
import threading

import numpy as np
import pylsl

CHUNKS_PER_SECOND = 50


def samples(n_channels: int, count: int, seed: int) -> np.ndarray:
    """What is sent, (count, n_channels)."""
    return np.random.default_rng(seed).normal(scale=20.0, size=(count, n_channels)).astype(np.float32)


def times_s(rate_hz: float, count: int, holes: list[list[int]]) -> np.ndarray:
    """Seconds since the first sample, (count,)."""
    index = np.arange(count)
    for before, missing in holes:
        index[before:] += missing
    return index / rate_hz


def make_outlet(plan: dict) -> pylsl.StreamOutlet:
    """The outlet, announced."""
    info = pylsl.StreamInfo(
        plan["name"], plan["type"], len(plan["labels"]), plan["rate_hz"], plan["format"], plan["source_id"]
    )
    channels = info.desc().append_child("channels")
    for label in plan["labels"]:
        channel = channels.append_child("channel")
        channel.append_child_value("label", label)
        channel.append_child_value("unit", plan["unit"])
        channel.append_child_value("type", plan["channel_type"])
    return pylsl.StreamOutlet(info)


def send(outlet: pylsl.StreamOutlet, plan: dict, enough: threading.Event) -> int:
    """Send everything in time, or until it is enough; return the number of samples."""
    while not outlet.wait_for_consumers(0.2):
        if enough.is_set():
            return 0
    count = round(plan["seconds"] * plan["rate_hz"])
    x, t = samples(len(plan["labels"]), count, plan["seed"]), times_s(plan["rate_hz"], count, plan["holes"])
    step = max(1, round(plan["rate_hz"] * plan["speed"] / CHUNKS_PER_SECOND))
    start_s = pylsl.local_clock()
    for first in range(0, count, step):
        chunk = slice(first, first + step)
        due_s = start_s + t[chunk][-1] / plan["speed"]
        if enough.wait(max(0.0, due_s - pylsl.local_clock())):
            return first
        outlet.push_chunk(x[chunk].astype(outlet_dtype(plan)), (start_s + t[chunk]).tolist())
    return count


def outlet_dtype(plan: dict) -> str:
    """Numpy's name of the stream's format."""
    return {"double64": "f8"}.get(plan["format"], plan["format"])


def main() -> None:
    plan = json.loads(sys.argv[1])
    enough, leave = threading.Event(), threading.Event()
    outlet = make_outlet(plan)

    def obey() -> None:
        sys.stdin.readline()
        enough.set()
        sys.stdin.read()
        leave.set()

    threading.Thread(target=obey, daemon=True).start()
    print("up", outlet.get_info().uid(), flush=True)  # noqa: T201
    if plan["seconds"]:
        print("sent", send(outlet, plan, enough), flush=True)  # noqa: T201
    leave.wait()


if __name__ == "__main__":
    main()
