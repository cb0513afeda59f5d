"""From the push of a patch's last sample to its codes at a subscriber, against the least that any daemon could take.

    python -m benchmarks.latency [MODEL]

The floor pulls, packs and publishes each chunk, nothing else. Both by turns, 64 channels at 256 Hz in chunks of 8, each
in processes of its own.
"""

import sys
import time

import msgpack
import zmq

from benchmarks.peers import quantiles_ms
from eegstream.client import Codes, End, Spec
from tests.e2e.harness import Daemon, Process, Recorder

CHANNELS, RATE_HZ, CHUNK, SECONDS = 64, 256, 8, 20
ROUNDS = 3


def floor() -> None:
    """Pull, pack, publish, until the outlet is gone."""
    import pylsl  # noqa: PLC0415 - only the process of the floor needs it
    from pylsl.util import LostError  # noqa: PLC0415

    socket = zmq.Context.instance().socket(zmq.PUB)
    socket.bind("tcp://127.0.0.1:*")
    print("at", socket.getsockopt_string(zmq.LAST_ENDPOINT), flush=True)
    sys.stdin.readline()
    (info,) = pylsl.resolve_byprop("type", "EEG", 1, 60)
    inlet = pylsl.StreamInlet(info, max_buflen=10, recover=False)
    inlet.open_stream(10)
    inlet.info(10)
    try:
        while True:
            x, timestamps_s = inlet.pull_chunk(0.2, 1024, min_samples=1, as_numpy=True)
            if len(timestamps_s):
                socket.send_multipart([b"floor/x", msgpack.packb({"t": timestamps_s.tolist(), "x": x.tobytes()})])
    except LostError:
        socket.send_multipart([b"floor/end", b""])
    socket.close(1000)


def measure_floor(turn: int) -> list[float]:
    """Push -> receipt of each chunk."""
    delays_s = []
    with Process("floor", "-m", "benchmarks.latency", "floor") as publisher:
        subscriber = zmq.Context.instance().socket(zmq.SUB)
        subscriber.subscribe(b"")
        subscriber.connect(publisher.wait_line(r"^at (\S+)").group(1))
        with outlets(f"floor{turn}"):
            publisher.release()
            while True:
                topic, payload = subscriber.recv_multipart()
                now_s = time.monotonic()
                if topic == b"floor/end":
                    break
                delays_s.append(now_s - msgpack.unpackb(payload)["t"][-1])
        subscriber.close(0)
    return delays_s


def measure_daemon(daemon: Daemon, turn: int) -> list[float]:
    """Push -> receipt of each patch's codes; on this host the clocks of both ends are one."""
    with Recorder(daemon.url) as recorder, outlets(f"codes{turn}"):
        recorder.connected()
        stream = recorder.stream_of(f"codes{turn}-0")
        recorder.wait(lambda item: isinstance(item, End) and item.stream == stream)
        spec = recorder.wait(lambda item: isinstance(item, Spec) and item.stream == stream)
        patch_s = (spec.patch - 1) / (spec.model_rate_hz or spec.rate_hz)
        timed = [
            recorder.wait_timed(lambda item, n=n: isinstance(item, Codes) and (item.stream, item.first) == (stream, n))
            for n in range(sum(isinstance(item, Codes) for item in recorder.of(stream)))
        ]
    # A chunk is timestamped at its push and patches end with chunks; their time fit is exact to about 10 us.
    return [came_s - (codes.t[0] + patch_s) for came_s, codes in timed[2:]]


def outlets(name: str) -> Process:
    """One outlet, up."""
    process = Process(
        "outlet", "-m", "benchmarks.peers", name, "1", str(CHANNELS), str(RATE_HZ), str(CHUNK), str(SECONDS)
    )
    process.wait_line("^up")
    return process


def main() -> None:
    """Measure by turns; print medians, tails and their ratio."""
    if sys.argv[1:2] == ["floor"]:
        floor()
        return
    model = sys.argv[1] if sys.argv[1:] else "default"
    print("turn  floor median (p99) ms   daemon median (p99) ms   ratio of medians")
    for turn in range(ROUNDS):
        low_ms, low_high_ms = quantiles_ms(measure_floor(turn))
        with Daemon(model, "--select", "name=codes*") as daemon:
            ours_ms, ours_high_ms = quantiles_ms(measure_daemon(daemon, turn))
        floor_column, daemon_column = f"{low_ms:8.2f} ({low_high_ms:6.1f})", f"{ours_ms:8.2f} ({ours_high_ms:6.1f})"
        print(f"{turn:4}  {floor_column}        {daemon_column}        {ours_ms / low_ms:6.2f}", flush=True)


if __name__ == "__main__":
    main()
