"""The daemon runs under the restrictions of its unit file, as far as they can be had without systemd."""

import ctypes.util
import shutil
import sys
from pathlib import Path

import pytest

from eegstream.client import Codes
from tests.e2e.harness import REPOSITORY, OutletPlan, Process, Recorder, command, outlet
from tests.identity_bundle import pinned

UNIT = REPOSITORY / "systemd" / "eegstream.service"
SANDBOX = REPOSITORY / "tests" / "faults" / "sandbox.py"

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="systemd is for Linux"),
    pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine"),
    pytest.mark.skipif(ctypes.util.find_library("seccomp") is None, reason="libseccomp is not on this machine"),
]


def confined(unit: Path, *arguments: str) -> Process:
    """A Python program under the restrictions of a unit."""
    return Process("confined", str(SANDBOX), str(unit), sys.executable, *arguments)


def run(bundle: Path) -> list[str]:
    """The daemon's command."""
    return ["-m", "eegstream", "run", *pinned(bundle), "--device", "cpu", "--bind", "tcp://127.0.0.1:*"]


def changed(tmp_path: Path, old: str, new: str) -> Path:
    """The unit with another line."""
    text = UNIT.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / UNIT.name
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


@pytest.mark.parametrize("model", ["own", "default", "lite"])
def test_a_confined_daemon_encodes_and_ends(bundle, model):
    """Discovery, inlets, the model, the publishing process, metrics, the end: all with what the unit allows."""
    plan = OutletPlan("confined", "confined-1", rate_hz=250.0, seconds=8.0)
    arguments = run(bundle) if model == "own" else run(model)
    with confined(UNIT, *arguments, "--metrics", "127.0.0.1:0") as daemon, outlet(plan):
        url = daemon.wait_line(r"ready: .* publishing at (\S+), run")[1]
        with Recorder(url) as recorder:
            recorder.connected().wait(lambda item: isinstance(item, Codes) and item.first > 1)
            assert command("health", "--connect", url).returncode == 0
            assert daemon.stop() == 0
    assert not any("ERROR" in line or "Traceback" in line for line in daemon.lines)


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        (" AF_NETLINK", "", "ip_resolver.cpp"),
        ("SystemCallFilter=~@privileged", "SystemCallFilter=~@privileged @resources", "thread.cpp"),
    ],
    ids=["netlink", "resources"],
)
def test_what_the_unit_s_comments_warn_of_is_so(bundle, tmp_path, old, new, where):
    """libzmq aborts: the restrictions of these tests are real, and the unit needs what it allows."""
    with confined(changed(tmp_path, old, new), *run(bundle)) as daemon:
        daemon.wait_line(rf"Operation not permitted \(src/{where}")


def test_what_is_not_needed_is_refused(tmp_path):
    """Other sockets, namespaces, mounts, the clock, real-time scheduling."""
    program = """
import ctypes, os, socket, time
def refused(action):
    try:
        action()
    except PermissionError:
        return True
libc = ctypes.CDLL(None, use_errno=True)
def unshare():
    if libc.unshare(0x20000) != 0 and ctypes.get_errno() == 1:
        raise PermissionError
assert refused(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
assert refused(unshare)
assert refused(lambda: time.clock_settime(time.CLOCK_REALTIME, time.time()))
assert refused(lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)))
assert refused(lambda: os.chroot("/"))
print("all refused")
"""
    with confined(UNIT, "-c", program) as process:
        assert process.wait() == 0
    assert process.lines == ["all refused"]
