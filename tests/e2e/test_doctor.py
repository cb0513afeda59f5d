"""`eegstream doctor` sees faults that were planted, and a daemon that lives."""

import json
import shutil
import socket
from pathlib import Path

import pylsl

from eegstream.codec.addresses import SHIPPED
from eegstream.doctor.ports import look_at_port
from eegstream.wire.addresses import control_url
from tests.e2e.harness import Daemon, command
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
        "4 LSL outlets are visible, of which run would take 3",
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
    with socket.create_server(("127.0.0.1", 0)) as listener:
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
    offsets_s = [one["clock_offset_s"] for one in told["facts"]["outlets"] if one["asked"]]
    assert all(offset_s is not None and abs(offset_s) < 0.1 for offset_s in offsets_s)


def test_a_daemon_is_known_by_its_sign_of_life(daemon: Daemon) -> None:
    """By the name of its run; its control address is a socket of ZeroMQ."""
    assert look_at_port("publish", daemon.url, None).daemon_run == daemon.run
    assert look_at_port("control", control_url(daemon.url), None).speaks == "NULL"
