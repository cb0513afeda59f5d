"""An LSL sender that loses samples or sets its clock, in a process of its own, written against pylsl alone.

    python -m tests.faults.border_sender hidden|step|still

"hidden": three times 5 samples are lost, but the timestamps go on evenly; a channel counts the samples, in 8
bits. "step": the sender's clock is set forward by an hour, and no sample is lost. "still": no timestamp is finite.
"""

import sys
import time

import numpy as np
import pylsl

RATE_HZ, SECONDS, CHUNK = 250, 8, 10
LOST = (700, 1000, 1500)
STEP_S = 3600.0


def main() -> None:
    """Send in time once somebody listens."""
    kind = sys.argv[1]
    info = pylsl.StreamInfo(kind, "EEG", 2, RATE_HZ, "int32", f"border-{kind}")
    channels = info.desc().append_child("channels")
    for label in ("Cz", "Counter"):
        channel = channels.append_child("channel")
        channel.append_child_value("label", label)
        channel.append_child_value("unit", "microvolts")
    outlet = pylsl.StreamOutlet(info)
    print("up", flush=True)  # noqa: T201
    outlet.wait_for_consumers(30)
    time.sleep(0.5)
    number = np.arange(RATE_HZ * SECONDS)
    if kind == "hidden":
        number = np.delete(number, [first + n for first in LOST for n in range(5)])
    rows = np.stack([100 * np.random.default_rng(0).normal(size=len(number)), number % 256], axis=1).astype(np.int32)
    start_s = pylsl.local_clock()
    times_s = start_s + np.arange(len(number)) / RATE_HZ
    stamps_s = {
        "hidden": times_s,
        "step": times_s + np.where(number >= RATE_HZ * SECONDS / 2, STEP_S, 0.0),
        "still": np.full(len(number), np.nan),
    }[kind]
    for first in range(0, len(number), CHUNK):
        part = slice(first, first + CHUNK)
        time.sleep(max(0.0, float(times_s[part][-1]) - pylsl.local_clock()))
        outlet.push_chunk(np.ascontiguousarray(rows[part]), stamps_s[part].tolist())
    print(f"sent {len(number)}", flush=True)  # noqa: T201
    sys.stdin.read()


if __name__ == "__main__":
    main()
