"""Outlets that note when they pushed.

    python -m eegstream.bench.outlets NAME COUNT CHANNELS RATE CHUNK SECONDS

COUNT outlets of one process. It pushes for SECONDS once all have a reader, stamps each chunk's last sample with the
moment of its push, waits a little for the readers, and writes the moments (outlet, chunk) as JSON.
"""

import json
import sys
import time

import numpy as np
import pylsl

_READERS_S = 120.0
_LINGER_S = 1.0
_SEED, _AMPLITUDE_UV = 1, 20.0


def main() -> None:
    """Push on time, whatever the readers do."""
    name, *numbers = sys.argv[1:]
    count, channels, rate_hz, chunk, seconds = map(int, numbers)
    outlets = [
        pylsl.StreamOutlet(pylsl.StreamInfo(f"{name}-{n}", "EEG", channels, rate_hz, "float32", f"{name}-{n}"))
        for n in range(count)
    ]
    deadline_s = time.monotonic() + _READERS_S
    for outlet in outlets:
        if not outlet.wait_for_consumers(max(0.1, deadline_s - time.monotonic())):
            sys.exit(f"nobody read outlet {name} within {_READERS_S:g} s")
    chunks = seconds * rate_hz // chunk
    noise = np.random.default_rng(_SEED).normal(scale=_AMPLITUDE_UV, size=(chunks * chunk, channels))
    samples = np.cumsum(noise - noise.mean(axis=0), axis=0).astype(np.float32).reshape(chunks, chunk, channels)
    pushed_s = np.empty((count, chunks))
    start_s = time.monotonic()
    for number in range(chunks):
        time.sleep(max(0.0, start_s + (number + 1) * chunk / rate_hz - time.monotonic()))
        for n, outlet in enumerate(outlets):
            pushed_s[n, number] = pylsl.local_clock()
            outlet.push_chunk(samples[number], pushed_s[n, number])
    time.sleep(_LINGER_S)
    sys.stdout.write(json.dumps(pushed_s.round(6).tolist()))


if __name__ == "__main__":
    main()
