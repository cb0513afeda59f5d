"""What is seen of a running daemon from outside: its log, its metrics, its health."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from eegstream import keys
from eegstream.client import Codes, End, Gap, State
from tests.e2e.harness import REPOSITORY, OutletPlan, Recorder, command, outlet
from tests.e2e.warm import WarmDaemon
from tests.faults.machine import Machine
from tests.identity_bundle import pinned

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")


def get(url: str) -> tuple[int, str]:
    """Status and text of a page."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, ""


class JsonDaemon(WarmDaemon):
    """A daemon whose log is JSON."""

    def __init__(self, bundle, *options: str, **environment: str) -> None:
        super().__init__(bundle, "--log-format", "json", *options, **environment)
        self.url = self.url.removesuffix('"}')

    @property
    def told(self) -> list[dict]:
        """The daemon's own lines; liblsl writes others."""
        return [json.loads(line) for line in self.lines if line.startswith("{")]


def test_a_run_is_told_counted_and_alive(bundle):
    """Its begin, a loss and its end are lines with facts; metrics count the same; `health` says yes, and no later."""
    plan = OutletPlan("seen", "seen-1", rate_hz=250.0, seconds=6.0, speed=3.0, holes=((700, 125),))
    with JsonDaemon(bundle, "--metrics", "127.0.0.1:0") as daemon, Recorder(daemon.url) as recorder:
        base = daemon.wait_line(r"metrics at (http://127\.0\.0\.1:\d+)/metrics")[1]
        assert get(f"{base}/livez") == get(f"{base}/readyz") == (200, "ok\n")
        daemon.wait_line('"waiting for type=EEG"')
        with outlet(plan) as process:
            stream = recorder.connected().stream_of(plan.name)
            process.wait_line(r"^sent ")
            gap = recorder.wait(lambda item: isinstance(item, Gap))
            recorder.wait(lambda item: isinstance(item, Codes) and item.segment == 1)
            recorder.wait(lambda item: isinstance(item, State) and (item.stream, item.received) == (stream, 1500))
            text = get(f"{base}/metrics")[1]
            done = command("health", "--connect", daemon.url, "--json")
        daemon.wait_line('"kind": "end"')
        assert daemon.stop() == 0
    begin, loss, end = [one for one in daemon.told if one.get("stream") == stream]
    assert (begin["kind"], begin["channels"], begin["rate_hz"]) == ("begin", 3, 250)
    assert (loss["kind"], loss["reason"], loss["missing"]) == ("gap", "missing", gap.missing)
    assert (end["kind"], end["epoch"]) == ("end", 0)
    assert "eegstream_samples_received_total 1500.0\n" in text
    assert 'eegstream_gaps_total{reason="missing"} 1.0\n' in text
    assert re.search(r'eegstream_streams\{status="(live|stalled)"\} 1\.0\n', text)
    assert "eegstream_channels 3.0\n" in text
    patches = int(re.search(r"eegstream_patches_encoded_total (\d+)", text)[1])
    assert patches > 3 * 20
    for stage in ("source", "inbox", "signal", "encode", "publish"):
        assert int(re.search(rf'eegstream_stage_seconds_count{{stage="{stage}"}} (\d+)', text)[1]) > 0
    assert int(re.search(r"eegstream_lag_seconds_count (\d+)", text)[1]) == patches / 3
    assert done.returncode == 0
    health = json.loads(done.stdout)
    assert (health["alive"], health["received"], health["run"]) == (True, 1500, daemon.run)
    done = command("health", "--connect", daemon.url, "--timeout", "0.5")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"eegstream: no sign of life from {daemon.url} within 0.5 s (nobody answers there).")


def test_a_frozen_daemon_is_not_healthy(bundle):
    """It has the connection, and says nothing."""
    with WarmDaemon(bundle) as daemon:
        daemon.send(signal.SIGSTOP)
        done = command("health", "--connect", daemon.url, "--timeout", "2.5", "--json")
        daemon.send(signal.SIGCONT)
        assert done.returncode == 1
        assert json.loads(done.stdout)["alive"] is False
        assert command("health", "--connect", daemon.url).returncode == 0


def test_keys_are_asked_for_and_never_logged(bundle, tmp_path):
    """`health` takes the keys that `tail` takes; the log holds no secret one, not even where one is refused."""
    folder = tmp_path / "keys"
    keys.generate(folder, "server")
    keys.allow(folder, "me", keys.generate(folder, "client"))
    with JsonDaemon(bundle, "--keys", str(folder), "--log-level", "debug") as daemon:
        assert command("health", "--connect", daemon.url, "--keys", str(folder)).returncode == 0
        assert command("health", "--connect", daemon.url, "--timeout", "1").returncode == 1
        assert daemon.stop() == 0
        log = "\n".join(daemon.lines)
    for side in ("server", "client"):
        assert (folder / f"{side}.secret").read_text().strip() not in log


def test_the_journal_gets_priorities_and_no_times(bundle):
    """As systemd runs it: stderr is a socket, which JOURNAL_STREAM names."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        status = os.fstat(theirs.fileno())
        environment = {**os.environ, "JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        arguments = ["run", *pinned(bundle), "--device", "cpu", "--bind", "tcp://127.0.0.1:*"]
        with subprocess.Popen(
            [sys.executable, "-m", "eegstream", *arguments], cwd=REPOSITORY, env=environment, stderr=theirs
        ) as process:
            theirs.close()
            ours.settimeout(60)
            with ours.makefile(encoding="utf-8") as lines:
                heard = [next(lines), next(lines)]
                process.terminate()
                heard += list(lines)
            assert process.wait(60) == 0
    assert heard[0].startswith("<6>ready: telltale@1 on cpu")
    assert heard[1] == "<6>waiting for type=EEG\n"
    assert [line for line in heard if line.startswith("<6>")][-2:] == ["<6>SIGTERM: stopping\n", "<6>stopped\n"]


@pytest.mark.parametrize("address", ["0.0.0.0:9571", "9571"])
def test_metrics_that_others_could_reach_are_refused(address):
    """Status 78: systemd does not try again."""
    done = command("run", "--metrics", address)
    assert done.returncode == 78
    assert "expected a loopback address and a port, such as 127.0.0.1:9571" in done.stderr


def test_a_log_that_nobody_reads_holds_up_nothing(bundle, tmp_path):
    """Standard error is a pipe that is full from the start: codes come all the same, and the end is in time."""
    plan = OutletPlan("unread", "unread-1", rate_hz=250.0, seconds=30.0)
    url = f"ipc://{tmp_path}/codes"
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b"." * 4096)
    os.set_blocking(writer, True)
    arguments = [sys.executable, "-m", "eegstream", "run", *pinned(bundle), "--device", "cpu", "--bind", url]
    with (
        subprocess.Popen(arguments, cwd=REPOSITORY, stderr=writer) as daemon,
        Recorder(url) as recorder,
        outlet(plan),
    ):
        os.close(writer)
        try:
            stream = recorder.connected().stream_of(plan.name)
            recorder.wait(lambda item: isinstance(item, Codes) and item.stream == stream and item.first > 4)
            with Machine() as machine:
                asked_s = time.monotonic()
                daemon.terminate()
                assert daemon.wait(20) == 0
                took_s = time.monotonic() - asked_s
            assert took_s < 3.0 + 3 * machine.pause_s
            recorder.wait(lambda item: isinstance(item, End) and item.stream == stream and item.reason == "shutdown")
        finally:
            daemon.kill()
            os.close(reader)
