"""`eegstream bench` on this machine: real outlets, a real daemon, a real subscriber."""

import json

from tests.e2e.harness import command


def test_latency_is_measured_through_everything() -> None:
    """All samples arrive, all patches are there, and the figures fit each other."""
    done = command("bench", "latency", "--model", "fast", "--channels", "3", "--seconds", "6", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    latency = told["latency"]
    assert (latency["missing"], latency["lost"], latency["gaps"]) == (0, 0, 0)
    # 6 s at 1000 Hz, patches of 64 samples at 256 Hz: 23 patches and 16 ms that are not enough for another.
    assert latency["patches"] == 3 * 23
    assert latency["added"]["count"] <= 23
    assert 0 < latency["added"]["median_ms"] <= latency["added"]["p99_ms"] <= latency["added"]["longest_ms"]
    assert latency["daemon"]["cores"] > 0
    assert latency["daemon"]["memory_mb"] > 100
    assert told["before"]["cores"] >= 1
