"""How to read many inlets: a blocking thread for each, or one thread that polls them all.

    python -m benchmarks.readers [SECONDS]

Push -> pull, and the share of a core that the reading process takes; the two strategies by turns, in processes of
their own. 16 channels at 256 Hz in chunks of 10.
"""

import sys
import threading
import time

from eegstream.bench.spread import Spread
from tests.e2e.harness import Process

COUNTS = (1, 16, 64)
ROUNDS = 2
CHANNELS, RATE_HZ, CHUNK = 16, 256, 10
POLL_S = 0.005
STRATEGIES = ("threads", "polling")


def read(strategy: str, count: int, seconds: float) -> None:
    """Read `count` inlets for `seconds`; print delays and CPU."""
    import pylsl  # noqa: PLC0415 - only the reading process needs it

    delays_s: list[float] = []
    stop = threading.Event()
    found = {info.name(): info for info in wait_for(pylsl, count)}
    inlets = [pylsl.StreamInlet(info, max_buflen=10, recover=False) for info in found.values()]
    for inlet in inlets:
        inlet.open_stream(10)
        inlet.info(10)

    def note(stamps_s: list[float]) -> None:
        if len(stamps_s):
            delays_s.append(pylsl.local_clock() - stamps_s[-1])

    def follow(inlet: object) -> None:
        while not stop.is_set():
            note(inlet.pull_chunk(0.2, 256, min_samples=1, as_numpy=True)[1])

    def poll() -> None:
        while not stop.is_set():
            for inlet in inlets:
                if inlet.samples_available():
                    note(inlet.pull_chunk(0.0, 256, as_numpy=True)[1])
            time.sleep(POLL_S)

    threads = (
        [threading.Thread(target=follow, args=(inlet,)) for inlet in inlets]
        if strategy == "threads"
        else [threading.Thread(target=poll)]
    )
    for thread in threads:
        thread.start()
    time.sleep(1.0)
    delays_s.clear()
    used_s, started_s = time.process_time(), time.monotonic()
    time.sleep(seconds)
    share = (time.process_time() - used_s) / (time.monotonic() - started_s)
    spread = Spread.of(list(delays_s))
    stop.set()
    for thread in threads:
        thread.join()
    print(f"read {spread.median_ms} {spread.p99_ms} {share} {spread.count}", flush=True)


def wait_for(pylsl: object, count: int) -> list:
    """The announced outlets, once all are in sight."""
    resolver = pylsl.ContinuousResolver(forget_after=10.0)
    deadline_s = time.monotonic() + 60.0
    while len(found := resolver.results()) < count:
        if time.monotonic() > deadline_s:
            raise SystemExit(f"{len(found)} of {count} outlets in sight")
        time.sleep(0.1)
    return found


def main() -> None:
    """Measure every count with both strategies, by turns."""
    if sys.argv[1:2] == ["read"]:
        read(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
        return
    seconds = int(sys.argv[1]) if sys.argv[1:] else 5
    print("inlets  strategy  push->pull median ms  p99 ms  CPU of one core  chunks")
    for count in COUNTS:
        for turn in range(ROUNDS * len(STRATEGIES)):
            strategy = STRATEGIES[turn % len(STRATEGIES)]
            plan = (f"r{count}-{turn}", str(count), str(CHANNELS), str(RATE_HZ), str(CHUNK), str(seconds + 4))
            with Process("outlets", "-m", "eegstream.bench.outlets", *plan):
                asked = ("-m", "benchmarks.readers", "read", strategy, str(count), str(seconds))
                with Process("reader", *asked) as reader:
                    median_ms, high_ms, share, chunks = reader.wait_line(r"^read (\S+) (\S+) (\S+) (\S+)").groups()
            delays = f"{float(median_ms):20.2f}  {float(high_ms):6.1f}"
            print(f"{count:6}  {strategy:8}  {delays}  {float(share):15.3f}  {chunks:>6}", flush=True)


if __name__ == "__main__":
    main()
