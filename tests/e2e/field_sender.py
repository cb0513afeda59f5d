"""An LSL sender with the habits of real ones, in a process of its own, written against pylsl alone.

    python -m tests.e2e.field_sender '{"name": ..., }'        see SENDER below

It says `up`, sends for some seconds without losing a sample, says `sent N`, and leaves when its input closes.
"""

import json
import sys
import threading
import time

import numpy as np
import pylsl

SENDER = {
    "name": "field",
    "type": "EEG",
    "rate_hz": 250.0,
    "real_hz": None,
    "format": "float32",
    "channels": [{"label": "Cz", "unit": "microvolts", "type": "EEG"}],
    "described": True,
    "habit": "chunk",
    "every_s": 0.05,
    "stalls": [],
    "holes": [],
    "seconds": 8.0,
    "scale": 20.0,
}
"""The plan and its defaults. `habit`: "chunk" (the newest row has the time of the push), "rows" (each row is pushed by
itself), "timestamped" (each row has its own time). `stalls`: pairs of seconds between which nothing is pushed; what
came meanwhile is pushed at once. `holes`: the same, but what came meanwhile is lost."""


def make_outlet(plan: dict) -> pylsl.StreamOutlet:
    """The outlet, announced; a channel's description holds whatever tags the plan has."""
    info = pylsl.StreamInfo(
        plan["name"], plan["type"], len(plan["channels"]), plan["rate_hz"], plan["format"], f"id-{plan['name']}"
    )
    if plan["described"]:
        channels = info.desc().append_child("channels")
        for described in plan["channels"]:
            channel = channels.append_child("channel")
            for tag, text in described.items():
                channel.append_child_value(tag, text)
    return pylsl.StreamOutlet(info)


def push(outlet: pylsl.StreamOutlet, habit: str, rows: np.ndarray, times_s: np.ndarray) -> None:
    """Send rows (n, C) as this kind of sender would."""
    if habit == "timestamped":
        outlet.push_chunk(rows, times_s.tolist())
    elif habit == "chunk":
        outlet.push_chunk(rows)
    else:
        for row in rows:
            outlet.push_sample(row.tolist())


def send(outlet: pylsl.StreamOutlet, plan: dict) -> int:
    """Send for the plan's seconds once somebody listens; return the number of samples that were sent."""
    outlet.wait_for_consumers(30)
    real_hz = plan["real_hz"] or plan["rate_hz"] or 100.0
    rng = np.random.default_rng(3)
    dtype = {"double64": "f8", "string": "f4"}.get(plan["format"], plan["format"])
    start_s, sent, lost = pylsl.local_clock(), 0, 0
    while (now_s := pylsl.local_clock() - start_s) < plan["seconds"]:
        if not any(begin <= now_s < end for begin, end in plan["stalls"]):
            count = int(now_s * real_hz) - sent - lost
            if any(begin <= now_s < end for begin, end in plan["holes"]):
                lost, count = lost + count, 0
            if count:
                rows = (plan["scale"] * rng.normal(size=(count, len(plan["channels"])))).astype(dtype)
                push(outlet, plan["habit"], rows, start_s + (sent + lost + np.arange(count)) / real_hz)
                sent += count
        time.sleep(plan["every_s"])
    return sent


def main() -> None:
    plan = SENDER | json.loads(sys.argv[1])
    leave = threading.Event()
    outlet = make_outlet(plan)
    threading.Thread(target=lambda: (sys.stdin.read(), leave.set()), daemon=True).start()
    print("up", flush=True)  # noqa: T201
    if plan["format"] != "string":
        print("sent", send(outlet, plan), flush=True)  # noqa: T201
    leave.wait()


if __name__ == "__main__":
    main()
