"""What systemd hears: ready once, alive while the parts move, and nothing when one of them does not."""

import contextlib
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from eegstream.client import Codes
from tests.e2e.harness import OutletPlan, Recorder, outlet
from tests.e2e.warm import WarmDaemon
from tests.faults.test_stopping import FaultyDaemon

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="systemd is for Linux")

INTERVAL_S = 2.0


@contextlib.contextmanager
def listening(folder: Path) -> Iterator[tuple[socket.socket, dict[str, str]]]:
    """A socket as systemd has it, and the environment that it gives to a service."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(folder / "notify"))
        listener.settimeout(60.0)
        yield listener, {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": str(round(INTERVAL_S * 1e6))}


def falls_silent(listener: socket.socket, for_s: float) -> bool:
    """Whether nothing comes for so long, waiting for that for a minute."""
    deadline_s = time.monotonic() + 60.0
    listener.settimeout(for_s)
    while time.monotonic() < deadline_s:
        try:
            listener.recv(4096)
        except TimeoutError:
            return True
    return False


def heard_until(listener: socket.socket, deadline_s: float) -> list[tuple[float, str]]:
    """What comes until then, with the moment of each."""
    heard = []
    while (left_s := deadline_s - time.monotonic()) > 0:
        listener.settimeout(left_s)
        try:
            heard.append((time.monotonic(), listener.recv(4096).decode()))
        except TimeoutError:
            break
    return heard


def test_a_daemon_that_moves_says_so(bundle, tmp_path):
    """READY=1 comes first, then WATCHDOG=1 at least twice in each interval, with streams or without."""
    with listening(tmp_path) as (listener, environment), WarmDaemon(bundle, **environment):
        assert listener.recv(4096).startswith(b"READY=1\nSTATUS=publishing at tcp://127.0.0.1:")
        pings = [
            at_s for at_s, text in heard_until(listener, time.monotonic() + 2 * INTERVAL_S) if text == "WATCHDOG=1"
        ]
        assert len(pings) >= 3


def test_a_frozen_encoder_ends_the_signs_of_life(tmp_path):
    """The process lives and its main thread runs; it says nothing all the same."""
    plan = OutletPlan("frozen-encoder", "frozen-encoder-1", rate_hz=250.0, seconds=30.0)
    with (
        listening(tmp_path) as (listener, environment),
        FaultyDaemon("time.sleep(3600)", **environment) as daemon,
        Recorder(daemon.url) as recorder,
        outlet(plan),
    ):
        recorder.wait(lambda item: isinstance(item, Codes))
        assert falls_silent(listener, 2 * INTERVAL_S)
        assert not daemon.ended
        assert daemon.stop() == 0, "its main thread runs"


@pytest.mark.parametrize("address", ["/nowhere/at/all", "x" * 200, "@"])
def test_a_wrong_notify_socket_is_a_warning(bundle, address):
    """The daemon runs; the log says that nobody hears."""
    with WarmDaemon(bundle, NOTIFY_SOCKET=address) as daemon:
        daemon.wait_line("WARNING systemd is not told READY=1")
        assert daemon.stop() == 0
