"""`eegstream doctor` sees faults that were planted; `eegstream top` shows a daemon on a real terminal."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pylsl
import pytest

from eegstream.codec.addresses import SHIPPED
from eegstream.doctor.ports import look_at_port
from eegstream.wire.addresses import control_url
from tests.e2e.harness import PATIENCE_S, REPOSITORY, Daemon, OutletPlan, Process, Recorder, command, outlet
from tests.identity_bundle import digest

OUTLETS = (
    ("twin", "EEG", 256.0, "one-serial"),
    ("twin", "EEG", 256.0, "one-serial"),
    ("nameless", "EEG", 256.0, ""),
    ("markers", "Markers", 0.0, "markers"),
)
"""Name, type, rate, source id."""
WORDS = {
    "outlets": (
        "2 outlets have the source id 'one-serial'",
        "'nameless' on",
        "'markers' on",
        "'h-mute' on h is announced but mute",
        "5 LSL outlets are visible, of which run would take 3",
    ),
    "ports": ("is no daemon of eegstream",),
    "model": ("damaged.pt has sha256",),
    "keys": ("server.secret cannot be read",),
    "lsl": ("only outlets with the session id", "LSL searches on this machine alone"),
}


def _damaged(folder: Path) -> tuple[Path, str]:
    """A copy of a bundle with one bit changed, and the digest that it had."""
    path = folder / "damaged.pt"
    shutil.copy(SHIPPED / "micro-1.pt", path)
    sha256 = digest(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    return path, sha256


def test_planted_faults_are_found(tmp_path: Path) -> None:
    """Each in the finding that tells it; the exit code is 1, and every finding that is not in order says what to do."""
    model, sha256 = _damaged(tmp_path)
    (tmp_path / "keys" / "server.secret").mkdir(parents=True)
    mute = Process("mute outlet", "-m", "tests.faults.hostile", "mute")
    with socket.create_server(("127.0.0.1", 0)) as listener, mute:
        mute.wait_line("^up ")
        outlets = [
            pylsl.StreamOutlet(pylsl.StreamInfo(name, kind, 2, rate_hz, "float32", source_id))
            for name, kind, rate_hz, source_id in OUTLETS
        ]
        done = command(
            "doctor", "--json", "--model", str(model), "--model-sha256", sha256, "--keys", str(tmp_path / "keys"),
            "--bind", f"tcp://127.0.0.1:{listener.getsockname()[1]}",
        )  # fmt: skip
    assert len(outlets) == len(OUTLETS)
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    for about, words in WORDS.items():
        texts = [one["found"] for one in told["findings"] if one["about"] == about]
        assert all(any(word in text for text in texts) for word in words), texts
    assert all(one["remedy"] for one in told["findings"] if one["level"] in {"warning", "problem"})
    answered = [one for one in told["facts"]["outlets"] if one["asked"] and one["silent"] is None]
    offsets_s = [one["clock_offset_s"] for one in answered]
    assert all(offset_s is not None and abs(offset_s) < 0.1 for offset_s in offsets_s)


def test_a_daemon_is_known_by_its_sign_of_life(daemon: Daemon) -> None:
    """By the name of its run; its control address is a socket of ZeroMQ."""
    assert look_at_port("publish", daemon.url, None).daemon_run == daemon.run
    assert look_at_port("control", control_url(daemon.url), None).speaks == "NULL"


PLAN = OutletPlan("top-cap", "top-cap", labels=("Fz", "Cz"), seconds=60.0)


class Terminal:
    """`eegstream top` on a pseudo-terminal of 80 x 24."""

    def __init__(self, url: str) -> None:
        import fcntl  # noqa: PLC0415 - POSIX alone has them
        import pty  # noqa: PLC0415
        import struct  # noqa: PLC0415
        import termios  # noqa: PLC0415

        self._number, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.child = subprocess.Popen(
            [sys.executable, "-m", "eegstream", "top", "--connect", url],
            cwd=REPOSITORY,
            env={**os.environ, "TERM": "xterm"},
            stdin=other,
            stdout=other,
            stderr=other,
        )
        os.close(other)
        self.shown = ""

    def wait_for(self, text: str) -> None:
        """Read until `text` has been shown."""
        end_s = time.monotonic() + PATIENCE_S
        while text not in self.shown:
            assert time.monotonic() < end_s, self.shown[-3000:]
            self.shown += os.read(self._number, 65536).decode()

    def press(self, key: str) -> int:
        """Press a key; the exit status of the program, which is to end by it."""
        os.write(self._number, key.encode())
        status = self.child.wait(PATIENCE_S)
        os.close(self._number)
        return status


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are for POSIX")
def test_it_shows_what_comes_and_ends_with_q(daemon: Daemon, recorder: Recorder) -> None:
    """The stream with its status, channels and codes; one picture has them as well, and a stream that left is lost."""
    with outlet(PLAN) as process:
        stream = recorder.stream_of(PLAN.name)
        terminal = Terminal(daemon.url)
        terminal.wait_for(stream[:12])
        terminal.wait_for("live")
        told = json.loads(command("top", "--connect", daemon.url, "--once", "--json").stdout)
        process.release()
        terminal.wait_for("lost")
        assert terminal.press("q") == 0
    (row,) = [row for row in told["streams"] if row["stream"] == stream]
    assert (row["status"], row["n_channels"], row["lost"]) == ("live", 2, 0)
    assert row["codes_per_s"] > 0
    assert (told["daemon"]["alive"], told["daemon"]["run"]) == (True, daemon.run)


def test_without_a_terminal_it_says_what_to_do() -> None:
    """And `--json` goes on with nothing but `--once`."""
    for options, word in (((), "Give --once"), (("--json",), "Give both")):
        done = command("top", *options)
        assert (done.returncode, done.stdout) == (2, "")
        assert word in done.stderr
