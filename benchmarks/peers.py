"""The other side of the benchmarks: outlets that note when they pushed, and statistics.

    python -m benchmarks.peers NAME COUNT CHANNELS RATE CHUNK SECONDS

COUNT outlets of one process. It says `up`, pushes for SECONDS once somebody listens, stamps each chunk's last sample
with the moment of the push, and says `pushed`.
"""

import sys
import time

import numpy as np
import pylsl

LINGER_S = 1.0


def quantiles_ms(delays_s: list[float]) -> tuple[float, float]:
    """Median and 99th percentile."""
    median, high = np.percentile(np.array(delays_s) * 1000, [50, 99])
    return float(median), float(high)


def main() -> None:
    """Push on time, whatever the readers do."""
    name, *numbers = sys.argv[1:]
    count, channels, rate, chunk, seconds = map(int, numbers)
    outlets = [
        pylsl.StreamOutlet(pylsl.StreamInfo(f"{name}-{n}", "EEG", channels, rate, "float32", f"{name}-{n}"))
        for n in range(count)
    ]
    print("up", flush=True)
    for outlet in outlets:
        outlet.wait_for_consumers(60.0)
    x = np.random.default_rng(0).normal(scale=20.0, size=(chunk, channels)).astype(np.float32)
    start_s = time.monotonic()
    for number in range(1, seconds * rate // chunk + 1):
        time.sleep(max(0.0, start_s + number * chunk / rate - time.monotonic()))
        for outlet in outlets:
            outlet.push_chunk(x, pylsl.local_clock())
    print("pushed", flush=True)
    time.sleep(LINGER_S)


if __name__ == "__main__":
    main()
