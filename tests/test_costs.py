"""What the program costs, as far as the machine does not matter: operations, calls, bytes and modules; no seconds.

Each limit is a few percent above what was there. A change that exceeds one is slower on every machine: make it
cheaper, or raise the limit and say why in the commit.
"""

import statistics
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from eegstream.codec.bundle import load
from eegstream.codec.engine import CPU_TILE, Engine, choose_device
from eegstream.dsp.channels import select_channels
from eegstream.dsp.frontend import FrontEndSettings
from eegstream.events import Event
from eegstream.kernels import Kernels, compiled
from eegstream.pipeline import PipelineSettings, StreamPipeline

CHANNELS, SECONDS = 64, 8
with_kernels = pytest.mark.skipif(compiled is None, reason="the kernels in C were not built")
RATES = pytest.mark.parametrize(("rate_hz", "chunk"), [pytest.param(1000, 10, marks=with_kernels), (256, 4)])


def operations(model: str, kernels: Kernels | None) -> int:
    """Operations of PyTorch while a tile is encoded."""
    engine = Engine(load(model), choose_device("cpu"), kernels)
    patches, rates = engine.bundle.golden.patches[:CPU_TILE], np.full(CPU_TILE, 256, np.float32)
    engine.encode(patches, rates)
    with torch.autograd.profiler.profile() as profiled:
        engine.encode(patches, rates)
    return sum(event.count for event in profiled.key_averages() if event.key.startswith("aten::"))


@pytest.mark.parametrize(
    ("model", "most"),
    [("default", 2110), ("compact", 2110), ("fast", 1200), ("hifi", 2930), ("lite", 1760), ("micro", 980)],
)
def test_operations_of_a_search_in_torchscript(model: str, most: int) -> None:
    """Each costs a microsecond or more, whatever it computes."""
    assert operations(model, None) <= most


@with_kernels
@pytest.mark.parametrize("model", ["default", "compact", "fast", "hifi", "lite", "micro"])
def test_operations_beside_a_search_in_c(model: str) -> None:
    """Gains, coefficients and candidates."""
    assert operations(model, compiled) <= 165


@pytest.mark.parametrize("model", ["seed", "tokens"])
def test_operations_of_a_network(model: str) -> None:
    """`seed@3` decodes each code's neighbours, `tokens@1` searches codebooks; the plain network of `seed@2` had 290."""
    assert operations(model, None) <= 680


def pushes(rate_hz: int, chunk: int) -> Iterator[Callable[[], list[Event]]]:
    """Calls that push one chunk after another of a steady stream."""
    names = [f"E{number}" for number in range(CHANNELS)]
    selection = select_channels(names, ["EEG"] * CHANNELS, ["microvolts"] * CHANNELS)
    settings = PipelineSettings(FrontEndSettings(256.0, 0.5, None), patch=256, hop=256, amplitude_uv=1e5)
    pipeline = StreamPipeline(settings, float(rate_hz), selection)
    x: NDArray[np.float32] = np.random.default_rng(0).normal(scale=20, size=(CHANNELS, SECONDS * rate_hz)).astype("f4")
    times_s = 100 + np.arange(SECONDS * rate_hz) / rate_hz
    for start in range(0, SECONDS * rate_hz, chunk):
        part = slice(start, start + chunk)
        yield lambda part=part: pipeline.push(x[:, part], times_s[part], 0.0)


def calls(push: Callable[[], list[Event]]) -> tuple[int, bool]:
    """Calls of functions, of Python and of C, during a push; and whether it completed a patch."""
    count = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(note)
    try:
        events = push()
    finally:
        sys.setprofile(None)
    return count, bool(events)


@pytest.mark.skipif(sys.gettrace() is not None, reason="a tracer has calls of its own")
@RATES
def test_calls_for_a_chunk(rate_hz: int, chunk: int) -> None:
    """In the median of a chunk, and of one that completes a patch of 64 channels."""
    counted = [calls(push) for push in pushes(rate_hz, chunk)][SECONDS:]
    assert statistics.median(count for count, is_full in counted if not is_full) <= 330
    assert statistics.median(count for count, is_full in counted if is_full) <= 620


@RATES
def test_bytes_for_a_chunk(rate_hz: int, chunk: int) -> None:
    """At most eight times the chunk's samples as double numbers are allocated at a time, in the median."""
    peaks = []
    tracemalloc.start()
    try:
        for push in pushes(rate_hz, chunk):
            before = tracemalloc.get_traced_memory()[0]
            tracemalloc.reset_peak()
            push()
            peaks.append(tracemalloc.get_traced_memory()[1] - before)
    finally:
        tracemalloc.stop()
    assert statistics.median(peaks) <= 8 * CHANNELS * chunk * 8


def test_modules_for_help() -> None:
    """`eegstream --help` imports click and what comes with Python."""
    code = (
        "import sys; from eegstream.cli import _run; _run(); here = {name.partition('.')[0] for name in sys.modules}; "
        "print(*here - set(sys.stdlib_module_names)); print(len(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code, "--help"], capture_output=True, text=True, check=True)
    *_, foreign, count = done.stdout.splitlines()
    ours = {"__main__", "eegstream", "click"}
    assert {name for name in foreign.split() if not name.startswith("_")} <= ours | {"sitecustomize"}, foreign
    assert int(count) <= 175
