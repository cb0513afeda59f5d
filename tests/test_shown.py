"""What a notebook shows: results in a line, and no control characters of progress bars."""

import io
import sys

import numpy as np
import pytest

from eegstream import Tokenizer
from eegstream.cli.progress import progress as command_bar
from eegstream.workers.progress import can_show_bars
from eegstream.workers.progress import progress as work_bar


class Terminal(io.StringIO):
    """A stream that says it is a terminal, as a notebook gives its commands one."""

    def isatty(self) -> bool:
        return True


def test_results_are_one_line_however_much_they_hold() -> None:
    """Names, shapes and rates; never the arrays."""
    tokenizer = Tokenizer.load("fast", "cpu")
    segments = tokenizer.encode(np.random.default_rng(1).standard_normal((3, 5000)) * 20, rate_hz=250)
    (segment,) = segments
    decoded = tokenizer.decode(segments)
    assert repr(tokenizer) == "Tokenizer(fast@2 on cpu: 64 samples at 256 Hz become 4 codes, 40 bit)"
    patches = len(segment.codes)
    assert f"{patches} patches x 3 channels x 4 codes of fast@2, closed by gone" in repr(segments)
    samples = decoded.eeg_uv.shape[1]
    assert repr(decoded) == f"Reconstruction(3 channels x {samples} samples at 256 Hz, {samples / 256:.1f} s)"
    for shown in (repr(tokenizer), repr(segments), repr(decoded)):
        assert len(shown) < 160
        assert "\n" not in shown


@pytest.mark.parametrize("in_kernel", [False, True])
def test_bars_are_for_terminals_not_for_a_notebook_s_commands(monkeypatch: pytest.MonkeyPatch, in_kernel: bool) -> None:
    """Both bars, of one file and of many recordings."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    if in_kernel:
        monkeypatch.setenv("JPY_PARENT_PID", "1")
    else:
        monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    with command_bar("encoding", 2) as steps:
        list(steps)
    with work_bar("preparing", [4.0, 2.0], lambda: 1) as bar:
        bar.finished(4.0, 3600.0)
    assert ("encoding" in terminal.getvalue()) is not in_kernel
    assert ("preparing" in terminal.getvalue()) is not in_kernel
    assert ("15:00 left" in terminal.getvalue()) is not in_kernel, "half of the 30 minutes that half as much takes"
    assert can_show_bars() is not in_kernel
