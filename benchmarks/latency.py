"""From the push of the last sample that a result needs to its receipt: ours, and other programs, by turns.

    python -m benchmarks.latency [--model MODEL] [--rate HZ] [--chunk N] [--channels N] [--seconds S] [--rounds N]
        [--peers bare_loop,bare_encode,ezmsg_graph,mne_lsl_stream]

Each program runs in a process of its own, beside the same outlets. A result's own length and its filter's delay do not
count for anybody.
"""

import os

import click
import msgpack
import numpy as np
import pylsl
import zmq

from eegstream.bench import live, suites
from eegstream.bench.live import Load
from eegstream.bench.machine import measure_machine
from eegstream.bench.spread import Spread
from eegstream.bench.usage import Meter
from eegstream.codec.trust import SHIPPED_ONLY
from eegstream.lsl.loopback import private_configuration
from eegstream.own_processes import own_process

PEERS = ("bare_loop", "bare_encode")
QUIET_MS = 2000
TOLERANCE_S = 1e-4
"""Time stamps of samples between pushes are interpolated; those of a push are exact."""


def peer(name: str, model: str, load: Load) -> tuple[Spread, float]:
    """Latency of a peer's results, and the processor that it takes."""
    with private_configuration() as configuration:
        environment = os.environ | {"LSLAPICFG": str(configuration)}
        with own_process(name, [f"benchmarks.peers.{name}", model], configuration) as process:
            url = process.wait_for(r"publishing at (\S+),")
            subscriber = zmq.Context.instance().socket(zmq.SUB)
            subscriber.subscribe(b"")
            subscriber.connect(url)
            came: list[tuple[float, float]] = []
            with live.pushing("bench", load, environment) as outlets:
                subscriber.poll(60_000)
                meter = Meter(process.pid)
                while subscriber.poll(QUIET_MS):
                    payload = subscriber.recv_multipart()[1]
                    came.append((pylsl.local_clock(), msgpack.unpackb(payload)["until"]))
                usage = meter.read()
                (pushed_s,) = live.pushed_by(outlets, load)
            subscriber.close(0)
    moments_s, until_s = np.array(came).T
    needed = np.searchsorted(pushed_s, until_s - TOLERANCE_S)
    return Spread.of(moments_s - pushed_s[np.minimum(needed, len(pushed_s) - 1)]), usage.cores


def ours(model: str, load: Load) -> tuple[Spread, float]:
    """Latency of our codes, and the processor that the daemon takes."""
    result = suites.latency(model, "cpu", SHIPPED_ONLY, load)
    return result.added, result.daemon.cores


@click.command()
@click.option("--model", default="default")
@click.option("--rate", "rate_hz", type=int, default=1000)
@click.option("--chunk", type=int, default=10)
@click.option("--channels", type=int, default=64)
@click.option("--seconds", type=int, default=30)
@click.option("--rounds", type=int, default=3)
@click.option("--peers", default=",".join(PEERS))
def main(model: str, rate_hz: int, chunk: int, channels: int, seconds: int, rounds: int, peers: str) -> None:
    """Measure by turns; print each round, then the medians of the rounds' medians and their ratio to ours."""
    load = Load(1, channels, rate_hz, chunk, seconds)
    names = ["eegstream", *filter(None, peers.split(","))]
    medians: dict[str, list[float]] = {name: [] for name in names}
    machine = measure_machine(2.0)
    print(f"load {machine.load:.1f}; a sleeping thread wakes late by {machine.late.p99_ms:.1f} ms (99 %)")
    print("round  program          results  median ms   99 % ms  cores", flush=True)
    for turn in range(rounds):
        for name in names:
            spread, cores = ours(model, load) if name == "eegstream" else peer(name, model, load)
            medians[name].append(spread.median_ms)
            numbers = f"{spread.count:7}  {spread.median_ms:9.2f} {spread.p99_ms:9.2f}  {cores:5.2f}"
            print(f"{turn:5}  {name:15}  {numbers}", flush=True)
    own_ms = float(np.median(medians["eegstream"]))
    for name in names:
        median_ms = float(np.median(medians[name]))
        print(f"{name:15} {median_ms:8.2f} ms  ours over it {own_ms / median_ms:5.2f}")


if __name__ == "__main__":
    main()
