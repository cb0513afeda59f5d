"""The demo: a real outlet, the real daemon and a subscriber, as a newcomer meets them."""

import re
import signal
import subprocess
import sys

import pytest

from tests.e2e.harness import REPOSITORY, command

SUMMARY = re.compile(
    r"1 stream, (\d+) patches of one channel, \d+ codes/s\n"
    r"latency, from a patch's last sample to the receipt of its codes:\n"
    r"  median ([\d.]+) ms, p99 ([\d.]+) ms, \d+ ms of it the resampler's\n"
    r"(\d+) gaps, (\d+) messages lost\n"
    r"NRMSE of the decoded EEG, all channels: ([\d.]+)\n$"
)


def test_the_demo_ends_by_itself_with_a_summary():
    """Four seconds of eight synthetic channels: three whole patches each, none lost, decoded close to the signal."""
    shown = command("demo", "--seconds", "4")
    assert shown.returncode == 0, shown.stderr
    found = SUMMARY.search(shown.stdout)
    assert found, shown.stdout
    patches, median_ms, p99_ms, gaps, lost, nrmse = map(float, found.groups())
    assert (patches, gaps, lost) == (3 * 8, 0, 0)
    assert 35 < median_ms <= p99_ms
    assert 0.05 < nrmse < 0.6
    assert max(map(len, shown.stdout.splitlines())) < 80
    assert re.findall(r"^(?:EEG|decoded|codes)  ", shown.stdout, re.MULTILINE) == ["EEG  ", "decoded  ", "codes  "] * 3


def test_the_demo_plays_a_recording(data):
    """The same on a real EDF."""
    shown = command("demo", "--seconds", "4", "--recording", str(data / "dev/eegmat/Subject14_1.edf"))
    assert shown.returncode == 0, shown.stderr
    assert "subject14_1-" in shown.stdout
    found = SUMMARY.search(shown.stdout)
    assert found, shown.stdout
    assert int(found[1]) == 3 * 20


def test_ctrl_c_ends_the_demo_with_its_summary():
    """Nothing is left running, and the exit is clean."""
    process = subprocess.Popen(
        [sys.executable, "-m", "eegstream", "demo"], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    lines = iter(process.stdout.readline, "")
    first = next(line for line in lines if line.startswith("codes "))
    process.send_signal(signal.SIGINT)
    rest = process.stdout.read()
    assert process.wait(30) == 0
    assert "NRMSE of the decoded EEG" in rest, first + rest
    process.stdout.close()


@pytest.mark.parametrize("file", ["nowhere.edf", "synthetic:rate=fast"])
def test_a_recording_that_cannot_be_read_is_one_line(file):
    """Said at once, before anything is started."""
    shown = command("demo", "--recording", file)
    assert (shown.returncode, shown.stdout) == (1, "")
    assert len(shown.stderr.strip().splitlines()) == 1
    assert "Traceback" not in shown.stderr
