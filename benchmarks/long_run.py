"""Times of a long live stream against the known ones.

    python -m benchmarks.long_run [MINUTES]

An outlet in a process of its own states 250 Hz, is fast by 1 % and wanders by 0.1 % with a period of 30 s; its
timestamps jitter by 1 ms. An impulse comes every 7.3 s. Prints the largest errors of the patches' times and of the
impulses' times, from 10 s on, after each minute. By default it runs for 20 minutes.
"""

import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pylsl

from eegstream.client import Codes, Gap
from tests.e2e.harness import Daemon, Process, Recorder
from tests.identity_bundle import manifest, write_bundle
from tests.long_run import Device, impulse_errors_s, time_errors_s

DEVICE, JITTER_S, CHUNK, SETTLED_S = Device(), 1e-3, 10, 10.0
PATCH, MODEL_HZ = 64, 256.0


def send(minutes: float) -> None:
    """Send the device's samples in time; say when the first one was taken, by LSL's clock."""
    info = pylsl.StreamInfo("long-run", "EEG", 1, DEVICE.rate_hz, "float32", "long-run")
    channel = info.desc().append_child("channels").append_child("channel")
    channel.append_child_value("label", "Cz")
    channel.append_child_value("unit", "microvolts")
    outlet = pylsl.StreamOutlet(info)
    print("up", flush=True)
    while not outlet.wait_for_consumers(1.0):
        pass
    time.sleep(1.0)
    start_s, rng = pylsl.local_clock(), np.random.default_rng(0)
    print("start", repr(start_s), flush=True)
    for first in range(0, round(60 * minutes * DEVICE.rate_hz), CHUNK):
        times_s = start_s + DEVICE.times_s(np.arange(first, first + CHUNK))
        time.sleep(max(0.0, float(times_s[-1]) - pylsl.local_clock()))
        stamps_s = times_s + rng.normal(scale=JITTER_S, size=CHUNK)
        outlet.push_chunk(np.ascontiguousarray(DEVICE.samples(first, CHUNK).T), stamps_s.tolist())
    print("sent", flush=True)
    time.sleep(3.0)


def decoded(codes: np.ndarray) -> np.ndarray:
    """Samples (P * N,) from the codes (P, 3 N) of the identity bundle."""
    low, high, exponent = (codes[:, n * PATCH : (n + 1) * PATCH].astype(np.int64) for n in range(3))
    return np.ldexp((low + 65536 * high - 16777216) / 16777216.0, exponent - 256).ravel()


def report(recorder: Recorder, start_s: float) -> None:
    """Print the largest errors so far."""
    items = recorder.items
    found = [item for item in items if isinstance(item, Codes) and item.segment == 0]
    gaps = sum(isinstance(item, Gap) for item in items)
    index = np.array([item.first for item in found])
    if not found or (index != np.arange(len(index))).any():
        print(f"{gaps} gaps, patches of segment 0 are missing", flush=True)
        return
    t = np.array([item.t[0] for item in found]) - start_s
    settled = t > SETTLED_S
    errors_ms = 1000 * time_errors_s(DEVICE, t, index, PATCH, MODEL_HZ)[settled]
    y = decoded(np.concatenate([item.array[0] for item in found]))
    impulses_ms = 1000 * impulse_errors_s(DEVICE, y, t, PATCH, MODEL_HZ, round(t[-1] * DEVICE.rate_hz * 1.05))[2:]
    print(
        f"{t[-1] / 60:5.1f} min, {gaps} gaps, patches: largest error {np.abs(errors_ms).max():.3f} ms, "
        f"rms {np.sqrt((errors_ms**2).mean()):.3f} ms; {len(impulses_ms)} impulses: largest error "
        f"{np.abs(impulses_ms).max() if len(impulses_ms) else 0:.3f} ms",
        flush=True,
    )


def main() -> None:
    """Run the sender, the daemon and a subscriber."""
    minutes = float(sys.argv[-1]) if sys.argv[1:] else 20.0
    if sys.argv[1:2] == ["send"]:
        send(minutes)
        return
    with tempfile.TemporaryDirectory() as folder:
        model = write_bundle(Path(folder) / "identity.pt", manifest(PATCH))
        with Daemon(model, "--select", "name=long-run") as daemon, Recorder(daemon.url) as recorder:
            recorder.connected()
            with Process("sender", "-m", "benchmarks.long_run", "send", str(minutes)) as sender:
                start_s = float(sender.wait_line(r"^start (\S+)").group(1))
                over = threading.Event()
                while not sender.ended:
                    over.wait(min(60.0, 20 * minutes))
                    report(recorder, start_s)


if __name__ == "__main__":
    main()
