"""An error is one line, whatever the user gave."""

import subprocess
import sys

import pytest

LONG = "x" * 5000
DIGITS = "9" * 5000


@pytest.mark.parametrize(
    "arguments",
    [
        ("tail", "--connect", b"tcp://\xff:5571"),
        ("tail", "--connect", LONG),
        ("decode", "a\nb.codes.mcap", "-o", "x.npz"),
        ("decode", LONG, "-o", "x.npz"),
        ("model", "show", "a\x1b[31mb"),
        ("model", "show", LONG),
        ("run", "--device", "cuda:²", "--check"),
        ("run", "--channels", DIGITS, "--check"),
        ("run", "--bind", "tcp://\n", "--check"),
        ("play", "a\rb.edf"),
    ],
)
def test_an_absurd_argument_gives_one_printable_line(arguments):
    """No traceback, no line that a name forges, nothing longer than a person reads."""
    done = subprocess.run([sys.executable, "-m", "eegstream", *arguments], capture_output=True, check=False, timeout=60)
    lines = done.stderr.decode().splitlines()
    assert "Traceback" not in done.stderr.decode()
    assert done.returncode not in {0, -1}
    assert all(line.isprintable() for line in lines)
    assert sum(map(len, lines)) < 4000
