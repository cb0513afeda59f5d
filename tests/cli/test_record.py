"""`record` where nothing is heard, and where a file is there."""

import signal

import pytest

from eegstream.errors import CodesFileError
from eegstream.files.codes import CodesWriter
from tests.e2e.harness import Process, command

DEAD = "tcp://127.0.0.1:9"


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="ends the process by SIGINT, which POSIX has")
def test_a_dead_address_is_told_and_leaves_no_file(tmp_path):
    """After three seconds it says that nothing is heard; ended, it fails and has made nothing."""
    path = tmp_path / "f.codes.mcap"
    with Process("record", "-m", "eegstream", "record", "-o", str(path), "--connect", DEAD) as process:
        process.wait_line(r"no message from .* for 3 s \(nobody answers there\); still listening")
        process.send(signal.SIGINT)
        assert process.wait() == 1
    assert process.lines[-1].startswith(f"eegstream: no message came from {DEAD}, so no file was written.")
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_there_stays(tmp_path):
    """It is said at once, before anything is heard."""
    path = tmp_path / "f.codes.mcap"
    path.write_text("mine")
    made = command("record", "-o", str(path))
    assert made.returncode == 1
    assert "exists already" in made.stderr
    with pytest.raises(CodesFileError, match="cannot be written"), CodesWriter(path, new=True):
        pass
    assert path.read_text() == "mine"
