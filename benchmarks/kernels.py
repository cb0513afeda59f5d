"""What the kernels in C spare: each against its form in Python or TorchScript, by turns in one thread.

    python -m benchmarks.kernels [--model default] [--rate 1000] [--channels 64] [--turns 30]

Times are those of the processor, not of the clock, so that a busy machine changes them little; ratios are of medians.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Mapping

import numpy as np

from eegstream.codec.bundle import load
from eegstream.codec.engine import CPU_TILE, Engine, choose_device
from eegstream.dsp.resample import Grid, Resampler
from eegstream.kernels import compiled

_MODEL_RATE_HZ = 256.0
_CHUNK_S = 0.01


def medians_s(forms: Mapping[str, Callable[[], object]], turns: int) -> dict[str, float]:
    """Seconds of processor time that a call of each form takes; one call of each to warm up."""
    times: dict[str, list[float]] = {name: [] for name in forms}
    for turn in range(-1, turns):
        for name, form in forms.items():
            started = time.process_time()
            form()
            if turn >= 0:
                times[name].append(time.process_time() - started)
    return {name: statistics.median(seconds) for name, seconds in times.items()}


def encoders(model: str) -> dict[str, Callable[[], object]]:
    """Encode the golden patches."""
    bundle = load(model)
    patches_uv, rates_hz = bundle.golden.patches, bundle.golden.rate_hz[:, 0]
    both = [Engine(load(model), choose_device("cpu"), kernels) for kernels in (None, compiled)]
    return {engine.encoded_by: lambda engine=engine: engine.encode(patches_uv, rates_hz) for engine in both}


def resamplers(rate_hz: float, n_channels: int) -> dict[str, Callable[[], object]]:
    """Resample a second of a stream in chunks of 10 ms."""
    grid, step = Grid.between(rate_hz, _MODEL_RATE_HZ), max(1, round(_CHUNK_S * rate_hz))
    x = np.random.default_rng(0).normal(scale=20, size=(n_channels, round(rate_hz)))

    def second(resampler: Resampler) -> None:
        for start in range(0, x.shape[1], step):
            resampler.push(x[:, start : start + step])

    both = {"Python": Resampler(grid, n_channels, kernels=None), "C": Resampler(grid, n_channels)}
    return {name: lambda resampler=resampler: second(resampler) for name, resampler in both.items()}


def report(title: str, unit: str, per_call: float, forms: Mapping[str, Callable[[], object]], turns: int) -> None:
    """Print the times of both forms, each divided by `per_call`, and their ratio."""
    if len(forms) < 2:
        print(f"{title}: only {next(iter(forms))} is there")
        return
    found = medians_s(forms, turns)
    slow, fast = found.values()
    told = ", ".join(f"{name} {1e6 * seconds / per_call:.1f} µs" for name, seconds in found.items())
    print(f"{title}: {told} {unit}; ratio {slow / fast:.2f}")


def main() -> None:
    """Compare both kernels."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="default")
    parser.add_argument("--rate", type=float, default=1000.0)
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--turns", type=int, default=30)
    asked = parser.parse_args()
    if compiled is None:
        parser.error("the kernels in C were not built: install the package where there is a C compiler")
    rows = len(load(asked.model).golden.patches)
    print(f"{asked.model}, {rows} patches in tiles of {CPU_TILE}")
    report("encode", "a patch", rows, encoders(asked.model), asked.turns)
    name = f"resample {asked.channels} channels from {asked.rate:g} to {_MODEL_RATE_HZ:g} Hz"
    report(name, "a second", 1, resamplers(asked.rate, asked.channels), asked.turns)


if __name__ == "__main__":
    main()
