"""Outlets that lie: they are refused and told, cost little, and disturb nobody. Their misbehaviour is in `hostile`."""

import json
import signal
import threading
import time

import numpy as np
import pytest

from eegstream.client import Codes, End, Spec
from eegstream.tokenizer import Tokenizer
from tests.e2e.harness import OutletPlan, Process, Recorder, command, outlet
from tests.e2e.warm import WarmDaemon
from tests.faults.expect import codes_heard, codes_of
from tests.faults.hostile import MISBEHAVIOURS
from tests.faults.machine import Machine
from tests.faults.processes import children, held_mib
from tests.identity_bundle import digest

REASONS = {
    "mute": "did not describe itself within 3 s",
    "noinfo": "did not describe itself within 3 s",
    "slowinfo": "did not describe itself within 3 s",
    "biginfo": "takes more than 64 MiB of memory",
    "badxml": "did not describe itself within 3 s",
    "biglabels": "takes more than 64 MiB of memory",
    "longlabel": "the label of channel 1 has 300 characters, expected at most 256",
    "nodata": "did not answer a request for data within 3 s",
    "oldproto": "not of LSL's protocol",
    "oldarchive": "not of LSL's protocol",
    "badpattern": "not of LSL's protocol",
    "reset": "did not describe itself within 3 s",
}
"""What is told of those that are refused; the others look like streams, and are read."""
MOST_DAEMON_MIB, MOST_PROCESS_MIB = 200, 160
LONGEST_PAUSE_S = 2.0
"""Of a busy machine; `benchmarks.hostile_peers` measures what it is on an idle one."""


def hostile(*modes: str) -> Process:
    """Hostile outlets, up."""
    process = Process("hostile", "-m", "tests.faults.hostile", *modes)
    process.wait_line("^up ")
    return process


class Memory:
    """The most that a process and its children held, looked at all the time."""

    def __init__(self, pid: int) -> None:
        self._pid, self._stop = pid, threading.Event()
        self._begun_mib = held_mib(pid)
        self.grown_mib = self.child_mib = 0.0
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(0.05):
            self.grown_mib = max(self.grown_mib, held_mib(self._pid) - self._begun_mib)
            self.child_mib = max([self.child_mib, *map(held_mib, children(self._pid))])


def test_hostile_outlets_are_told_and_a_good_one_beside_them_loses_nothing(bundle):
    """All of them at once: each has its reason in `state`, memory stays small, every sample of the good one is there.

    `eegstream streams` gives the reasons, too.
    """
    plan = OutletPlan("good", "good-1", rate_hz=250.0, seconds=100.0)
    with (
        Machine() as machine,
        WarmDaemon(bundle) as daemon,
        Recorder(daemon.url) as recorder,
        outlet(plan) as good,
        Memory(daemon.pid) as memory,
    ):
        recorder.connected()
        stream = recorder.stream_of(plan.name)
        with hostile(*MISBEHAVIOURS):
            for mode, reason in REASONS.items():
                recorder.wait(
                    lambda item, mode=mode, reason=reason: (
                        item.kind == "state"
                        and item.stream.startswith(f"h-{mode}-")
                        and item.status == "refused"
                        and reason in item.why
                    )
                )
            listed = {entry["name"]: entry for entry in json.loads(command("streams", "--json").stdout)}
            assert "expected at most 256" in listed["h-longlabel"]["why"]
            assert "64 MiB" in listed["h-biginfo"]["why"]
            sent = good.enough()
            recorder.wait(lambda item: item.kind == "state" and (item.stream, item.received) == (stream, sent))
            good.release()
            end = recorder.wait(lambda item: isinstance(item, End) and item.stream == stream)
    assert (end.received, end.segment) == (sent, 0)
    expected = codes_of(Tokenizer.load(str(bundle), "cpu", sha256=digest(bundle)), plan, stop=sent)
    np.testing.assert_array_equal(codes_heard(recorder.of(stream), 0), expected)
    came_s = [t for t, item in recorder.timed if isinstance(item, Codes) and item.stream == stream]
    assert max(np.diff(came_s)) < LONGEST_PAUSE_S + 3 * machine.pause_s
    described = {item.source.name for item in recorder.items if isinstance(item, Spec)}
    assert described.isdisjoint(f"h-{mode}" for mode in REASONS)
    assert memory.child_mib < MOST_PROCESS_MIB
    assert memory.grown_mib < MOST_DAEMON_MIB


def test_a_second_description_is_never_read(bundle):
    """An outlet that describes itself well once, and without end from then on, is read like any other."""
    with WarmDaemon(bundle) as daemon, Recorder(daemon.url) as recorder, Memory(daemon.pid) as memory:
        recorder.connected()
        with hostile("badtwice"):
            recorder.wait(lambda item: isinstance(item, Codes) and item.stream.startswith("h-badtwice-"))
    assert memory.grown_mib < MOST_DAEMON_MIB


@pytest.mark.parametrize("modes", [("mute", "slowinfo", "biginfo"), ("nodata", "halfsample", "newids")])
def test_a_stop_waits_for_no_hostile_outlet(bundle, modes):
    """In every state of an outlet the daemon says its ends within a second of the signal."""
    with WarmDaemon(bundle) as daemon, outlet(OutletPlan("good", "good-1", seconds=100.0)), hostile(*modes):
        with Recorder(daemon.url) as recorder, Machine() as machine:
            recorder.wait(lambda item: isinstance(item, Codes))
            time.sleep(1.0)
            begun_s = time.monotonic()
            daemon.send(signal.SIGTERM)
            recorder.wait(lambda item: isinstance(item, End) and item.reason == "shutdown" and item.stream != "daemon")
            daemon.wait_line("INFO stopped")
            took_s = time.monotonic() - begun_s
        assert took_s < 1.0 + 3 * machine.pause_s
        assert daemon.wait() == 0
