"""A daemon that is told to stop does so within two seconds, in every state, with status 0 and every `end` sent."""

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack

import pytest

from eegstream.client import Codes, End, Gap, Spec, State
from tests.e2e.harness import REPOSITORY, OutletPlan, Process, Recorder, outlet
from tests.e2e.warm import WarmDaemon, WarmProcess
from tests.faults.machine import Machine

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")

MOST_S = 2.0
SLACK_S = 1.0

PROGRAM = """
import sys, time
from eegstream.cli import main
from eegstream.codec.engine import Engine
compute = Engine.encode
calls = []
def encode(engine, patches_uv, rates_hz):
    calls.append(1)
    if len(calls) > 4:
        {fault}
    return compute(engine, patches_uv, rates_hz)
Engine.encode = encode
sys.argv = ["eegstream", "run", "--model", "fast", "--device", "cpu", "--bind", "tcp://127.0.0.1:*", *sys.argv[1:]]
main()
"""


class FaultyDaemon(WarmProcess):
    """`eegstream run` whose encoder has a fault, after its vectors were verified and some patches encoded."""

    def __init__(self, fault: str, *options: str, **environment: str) -> None:
        super().__init__("faulty daemon", "-c", PROGRAM.format(fault=fault), *options, **environment)
        self.url = self.wait_line(r"ready: .* publishing at (\S+), run")[1]


def stops_in_time(daemon: Process) -> None:
    """Send SIGTERM; the status is 0 and it comes in time."""
    with Machine() as machine:
        asked_s = time.monotonic()
        daemon.send(signal.SIGTERM)
        assert daemon.wait() == 0
        took_s = time.monotonic() - asked_s
    assert took_s < MOST_S + SLACK_S + 3 * machine.pause_s
    assert not any("Traceback" in line for line in daemon.lines)


def last_end(recorder: Recorder, stream: str) -> End:
    """The last message of a stream that is over: every `seq` came, and each account fits the codes before it."""
    recorder.wait(lambda item: isinstance(item, End) and item.stream == stream and item.reason == "shutdown")
    heard = recorder.of(stream)
    sequenced = list({item.seq: item for item in heard if isinstance(item, Spec | Codes | Gap | End)}.values())
    assert [item.seq for item in sequenced] == list(range(len(sequenced)))
    for account in sequenced:
        if isinstance(account, Gap | End):
            mine = [
                i
                for i in sequenced
                if isinstance(i, Codes) and (i.epoch, i.segment) == (account.epoch, account.segment)
            ]
            assert [item.first for item in mine] == list(range(account.emitted))
            assert account.discarded <= account.received
    assert isinstance(sequenced[-1], End)
    return sequenced[-1]


@pytest.mark.parametrize("imported", ["eegstream.config", "torch", "eegstream.daemon.service"])
def test_a_daemon_that_starts(imported):
    """While it imports, loads and verifies, there is nothing to close."""
    arguments = ("-X", "importtime", "-m", "eegstream", "run", "--bind", "tcp://127.0.0.1:*")
    with Process("daemon", *arguments) as daemon:
        daemon.wait_line(rf"import time: .* {imported}$")
        stops_in_time(daemon)


def test_an_idle_daemon(bundle):
    """No stream is in sight."""
    with WarmDaemon(bundle) as daemon:
        stops_in_time(daemon)


def test_a_daemon_whose_stream_is_silent(bundle):
    """A stalled stream gets its end."""
    plan = OutletPlan("quiet", "quiet-1", rate_hz=250.0, seconds=1.0)
    with WarmDaemon(bundle) as daemon, Recorder(daemon.url) as recorder, outlet(plan):
        stream = recorder.stream_of(plan.name)
        recorder.wait(lambda item: isinstance(item, State) and item.stream == stream and item.status == "stalled")
        stops_in_time(daemon)
        last_end(recorder, stream)


def test_a_daemon_whose_encoder_hangs():
    """The streams end without it; what was never encoded counts as discarded."""
    plan = OutletPlan("hung", "hung-1", rate_hz=250.0, seconds=12.0, speed=4.0)
    with (
        FaultyDaemon("time.sleep(3600)") as daemon,
        Recorder(daemon.url) as recorder,
        outlet(plan) as process,
    ):
        recorder.connected()
        stream = recorder.stream_of(plan.name)
        process.wait_line(r"^sent ")
        stops_in_time(daemon)
        assert last_end(recorder, stream).discarded > 250


def test_a_daemon_whose_subscriber_is_frozen(bundle):
    """What one subscriber does not read keeps nobody waiting."""
    labels = tuple(f"E{n}" for n in range(64))
    plan = OutletPlan("frozen", "frozen-1", rate_hz=1000.0, labels=labels, seconds=60.0, speed=4.0)
    with WarmDaemon(bundle) as daemon, Recorder(daemon.url) as recorder, outlet(plan), ExitStack() as stack:
        frozen = stack.enter_context(subprocess.Popen(reading(daemon.url), cwd=REPOSITORY, stdout=subprocess.DEVNULL))
        stack.callback(frozen.kill)
        stream = recorder.stream_of(plan.name)
        recorder.wait(lambda item: isinstance(item, Codes) and item.first > 4)
        frozen.send_signal(signal.SIGSTOP)
        recorder.wait(lambda item: isinstance(item, Codes) and item.first > 40)
        stops_in_time(daemon)
        last_end(recorder, stream)


def reading(url: str) -> list[str]:
    """A subscriber's command."""
    return [sys.executable, "-m", "eegstream", "tail", "--connect", url]


def test_an_encoder_that_fails_once_costs_nothing():
    """It is tried again with the same patches."""
    plan = OutletPlan("once", "once-1", rate_hz=250.0, seconds=12.0, speed=4.0)
    fault = "if len(calls) == 6: raise RuntimeError('a kernel failed')"
    with FaultyDaemon(fault) as daemon, Recorder(daemon.url) as recorder, outlet(plan) as process:
        stream = recorder.connected().stream_of(plan.name)
        process.wait_line(r"^sent ")
        recorder.wait(lambda item: isinstance(item, State) and item.stream == stream and item.received == 3000)
        stops_in_time(daemon)
        last_end(recorder, stream)
        assert not [item for item in recorder.of(stream) if isinstance(item, Gap)]
    assert any("tried once more" in line for line in daemon.lines)


def test_a_code_outside_its_codebook_ends_the_segment():
    """Nothing false leaves; the segment ends before the patch, the stream says why, and the next one begins."""
    plan = OutletPlan("outside", "outside-1", rate_hz=250.0, seconds=16.0, speed=4.0)
    fault = "if len(calls) in (8, 9): raise __import__('eegstream.errors').errors.CodesError('code 3 is 99999')"
    with FaultyDaemon(fault) as daemon, Recorder(daemon.url) as recorder, outlet(plan) as process:
        stream = recorder.connected().stream_of(plan.name)
        process.wait_line(r"^sent ")
        recorder.wait(lambda item: isinstance(item, State) and item.stream == stream and item.received == 4000)
        stops_in_time(daemon)
        last_end(recorder, stream)
        accounts = [item for item in recorder.of(stream) if isinstance(item, Gap | End)]
        assert [item.reason for item in accounts] == ["encoder", "shutdown"]
        assert sum(item.received for item in accounts) == 4000
        assert any("code 3 is 99999" in (state.why or "") for state in recorder.states(stream))


def test_an_encoder_that_fails_twice_ends_the_daemon():
    """Status 75, one line, and every stream has its end before."""
    plan = OutletPlan("twice", "twice-1", rate_hz=250.0, seconds=30.0)
    fault = "raise RuntimeError('a kernel failed')"
    with FaultyDaemon(fault) as daemon, Recorder(daemon.url) as recorder, outlet(plan):
        stream = recorder.connected().stream_of(plan.name)
        assert daemon.wait() == 75
        last_end(recorder, stream)
    assert "a kernel failed" in daemon.lines[-1]
    assert not any("Traceback" in line for line in daemon.lines)


def test_a_lost_device_leaves_the_work_to_the_cpu():
    """The epoch ends, the next one begins, and nothing is unaccounted."""
    plan = OutletPlan("spare", "spare-1", rate_hz=250.0, seconds=12.0, speed=4.0)
    fault = "if len(calls) < 6: raise __import__('eegstream.errors').errors.DeviceLostError('cuda:0 failed')"
    with (
        FaultyDaemon(fault, "--when-device-lost", "cpu") as daemon,
        Recorder(daemon.url) as recorder,
        outlet(plan) as process,
    ):
        stream = recorder.connected().stream_of(plan.name)
        process.wait_line(r"^sent ")
        recorder.wait(lambda item: isinstance(item, State) and item.stream == stream and item.received == 3000)
        stops_in_time(daemon)
        last_end(recorder, stream)
        heard = recorder.of(stream)
        assert [item.reason for item in heard if isinstance(item, End)] == ["replaced", "shutdown"]
        assert sum(item.received for item in heard if isinstance(item, Gap | End)) == 3000
        assert any(isinstance(item, Codes) and item.epoch == 1 for item in heard)


def test_sighup_rereads_the_settings(bundle, tmp_path):
    """A stream that is no longer selected ends, another begins; wrong settings change nothing; nobody is killed."""
    settings = tmp_path / "run.toml"
    settings.write_text('select = "name=first"\n')
    first = OutletPlan("first", "first-1", rate_hz=250.0, seconds=60.0)
    second = OutletPlan("second", "second-1", rate_hz=250.0, seconds=60.0)
    with (
        WarmDaemon(bundle, "--config", str(settings)) as daemon,
        Recorder(daemon.url) as recorder,
        outlet(first),
        outlet(second),
    ):
        stream = recorder.connected().stream_of(first.name)
        settings.write_text('select = "name=first"\nlog-level = 7\n')
        daemon.send(signal.SIGHUP)
        daemon.wait_line("the settings stay as they are: .*log-level")
        settings.write_text('select = "name=second"\nmodel = "seed"\n')
        daemon.send(signal.SIGHUP)
        end = recorder.wait(lambda item: isinstance(item, End))
        assert (end.stream, end.reason) == (stream, "deselected")
        assert recorder.stream_of(second.name)
        assert not any("taken only at the next start: model" in line for line in daemon.lines)
        stops_in_time(daemon)


def test_a_killed_daemon_leaves_nothing_in_the_way(bundle, tmp_path):
    """Another one takes its address at once."""
    for _ in range(2):
        with WarmDaemon(bundle, "--bind", f"ipc://{tmp_path}/codes") as daemon:
            os.kill(daemon.pid, signal.SIGKILL)
            daemon.wait()
