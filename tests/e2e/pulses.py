"""EEG with a pulse each half second, and marker outlets that mark the pulses, against pylsl alone.

    python -m tests.e2e.pulses '{"name": ..., "seconds": ...}'

It says `up`, sends once somebody listens to all three outlets, says `sent N` and leaves when its input closes.
"""

import json
import sys
import threading

import numpy as np
import pylsl

RATE_HZ, EVERY = 256, 128
CHUNK = 8
PULSE_UV = 500.0


def main() -> None:
    plan = json.loads(sys.argv[1])
    leave = threading.Event()
    name = plan["name"]
    eeg = pylsl.StreamOutlet(pylsl.StreamInfo(name, "EEG", 1, RATE_HZ, "float32", name))
    texts = pylsl.StreamOutlet(pylsl.StreamInfo(name, "Markers", 1, 0, "string", name))
    numbers = pylsl.StreamOutlet(pylsl.StreamInfo(f"{name}-numbers", "Markers", 1, 0, "int32", f"{name}-numbers"))
    threading.Thread(target=lambda: (sys.stdin.read(), leave.set()), daemon=True).start()
    print("up", flush=True)  # noqa: T201
    while not all(outlet.have_consumers() for outlet in (eeg, texts, numbers)):
        if leave.wait(0.05):
            return
    noise = np.random.default_rng(0).normal(0, 1, round(plan["seconds"] * RATE_HZ)).astype(np.float32)
    start_s = pylsl.local_clock()
    pulses = 0
    for first in range(0, len(noise), CHUNK):
        chunk = noise[first : first + CHUNK, None].copy()
        stamps = start_s + np.arange(first, first + len(chunk)) / RATE_HZ
        if leave.wait(max(0.0, stamps[-1] - pylsl.local_clock())):
            return
        for place in range(len(chunk)):
            if (first + place) % EVERY == EVERY // 2:
                chunk[place] = PULSE_UV
                pulses += 1
                texts.push_sample([f"pulse {pulses}"], float(stamps[place]))
                numbers.push_sample([pulses], float(stamps[place]))
        eeg.push_chunk(chunk, stamps.tolist())
    print("sent", pulses, flush=True)  # noqa: T201
    leave.wait()


if __name__ == "__main__":
    main()
