"""A compute device that fails while the daemon runs."""

from tests.e2e.harness import OutletPlan, outlet
from tests.e2e.warm import WarmProcess

PROGRAM = """
import sys
from eegstream.cli import main
from eegstream.codec.engine import Engine
from eegstream.errors import DeviceLostError
verified = Engine.encode
calls = []
def encode(engine, patches_uv, rates_hz):
    calls.append(1)
    if len(calls) > 2:
        raise DeviceLostError("cuda:0 failed during inference (unspecified launch failure)", "Look at the driver's log")
    return verified(engine, patches_uv, rates_hz)
Engine.encode = encode
sys.argv = ["eegstream", "run", "--model", "fast", "--device", "cpu", "--bind", "tcp://127.0.0.1:*"]
main()
"""


def test_a_lost_device_ends_the_daemon_with_its_own_code():
    """75 and one line: systemd may start it again, and a person knows where to look."""
    with WarmProcess("daemon that loses its device", "-c", PROGRAM) as daemon:
        daemon.wait_line("ready")
        with outlet(OutletPlan("last", "last-1", seconds=10.0)):
            assert daemon.wait(60) == 75
    assert "cuda:0 failed during inference" in daemon.lines[-1]
    assert not any("Traceback" in line for line in daemon.lines)
