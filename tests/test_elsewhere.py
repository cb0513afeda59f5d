"""What runs where there is no POSIX and no UTF-8: tried here by taking both away."""

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from eegstream.errors import ConfigError
from eegstream.own_processes import OwnProcess
from eegstream.pubsub.publisher import open_publisher
from eegstream.stopping import SIGNALS, stopped_by_signals
from eegstream.systemd import notify
from tests.e2e.harness import PATIENCE_S, REPOSITORY

BARE = """
import os, signal, socket, sys

for name in ("fcntl", "pwd", "grp", "resource", "pty", "syslog"):
    sys.modules[name] = None
for module, names in (
    (os, "fork forkpty killpg getpgid setsid getuid geteuid sched_setaffinity sched_getaffinity link mkfifo"),
    (signal, "SIGHUP SIGQUIT SIGUSR1 SIGUSR2 SIGSTOP SIGALRM SIGPIPE pthread_sigmask"),
    (socket, "AF_UNIX"),
):
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
"""
"""What Windows does not have, taken from a Python at its start."""


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """The environment of a Python without POSIX, on a console of code page 1252."""
    (tmp_path / "sitecustomize.py").write_text(BARE, encoding="utf-8")
    path = os.pathsep.join((str(tmp_path), str(REPOSITORY), os.environ.get("PYTHONPATH", "")))
    return os.environ | {"PYTHONPATH": path, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0", "LC_ALL": "C"}


def run(environment: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-X", "warn_default_encoding", *arguments],
        cwd=REPOSITORY, env=environment, capture_output=True, timeout=4 * PATIENCE_S, check=False,
    )  # fmt: skip


def test_every_module_is_imported_without_posix(bare: dict[str, str]) -> None:
    """No module of the product needs more than Windows has."""
    program = (
        "import importlib, pkgutil, eegstream; "
        "[importlib.import_module(m.name) for m in pkgutil.walk_packages(eegstream.__path__, 'eegstream.') "
        "if not m.name.endswith('__main__')]"
    )
    done = run(bare, "-c", program)
    assert done.returncode == 0, done.stderr.decode("cp1252")
    assert run(bare, "-c", "import fcntl").returncode == 1, "it was really taken away"


def test_the_demo_runs_without_posix_on_an_old_console(bare: dict[str, str]) -> None:
    """Daemon, player and subscriber; what the console cannot show is a question mark, and µ and ± are themselves."""
    done = run(bare, "-m", "eegstream", "demo", "--seconds", "3")
    said = done.stdout.decode("cp1252")
    assert done.returncode == 0, said + done.stderr.decode("cp1252")
    assert re.search(r"EEG  +\?{58}  ±\d+ µV", said)
    assert "NRMSE of the decoded EEG" in said
    assert b"EncodingWarning: 'encoding'" not in b"".join(
        line for line in done.stderr.splitlines() if b"eegstream" in line
    )


def test_files_are_read_and_written_without_posix(bare: dict[str, str], tmp_path: Path) -> None:
    """A recording becomes codes in place of former ones, and a signal again; names need no code page."""
    codes, signal_file = tmp_path / "mü–▁.codes.mcap", tmp_path / "x.npz"
    source = "synthetic:rate=250,channels=2,seconds=4"
    bare = bare | {"LC_ALL": "C.UTF-8"}
    for _ in range(2):
        done = run(bare, "-m", "eegstream", "encode", source, "-o", str(codes), "--model", "fast")
        assert done.returncode == 0, done.stderr
    assert "mü–?.codes.mcap: " in done.stderr.decode("cp1252")
    done = run(bare, "-m", "eegstream", "decode", str(codes), "-o", str(signal_file))
    assert done.returncode == 0, done.stderr
    assert signal_file.exists()


def test_an_ipc_address_needs_posix(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere it is a wrong configuration, said in one line."""
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with pytest.raises(ConfigError, match="no address on this system"), open_publisher("ipc://codes"):
        pass


def test_systemd_is_not_told_where_it_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without sockets of the file system nothing is sent, and nothing fails."""
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere")
    monkeypatch.delattr("socket.AF_UNIX", raising=False)
    notify("READY=1")


@pytest.mark.skipif(not hasattr(signal, "raise_signal"), reason="no signals")
@pytest.mark.parametrize("number", SIGNALS)
def test_each_signal_of_the_end_is_heard(number: signal.Signals) -> None:
    """By its name, and handlers are as before when it is over."""
    before = signal.getsignal(number)
    heard: list[str] = []
    with stopped_by_signals(heard.append) as stop:
        assert isinstance(stop, threading.Event)
        signal.raise_signal(number)
        assert stop.wait(PATIENCE_S)
    assert heard == [number.name]
    assert signal.getsignal(number) is before


def test_a_process_of_our_own_is_asked_to_end(tmp_path: Path) -> None:
    """In a group of its own, so that Ctrl-C is the command's; asked, it says `end` and leaves by itself."""
    arguments = ["eegstream", "run", "--bind", "tcp://127.0.0.1:*", "--device", "cpu"]
    process = OwnProcess("the daemon", arguments, tmp_path / "lsl", tmp_path / "log")
    try:
        process.wait_for(r"publishing at (\S+),")
    finally:
        process.stop()
    assert "stopped" in process.said
