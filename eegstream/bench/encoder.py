"""The encoder alone, without front end and transport, on any device."""

import time
from dataclasses import dataclass

import numpy as np

from eegstream.bench.spread import Spread
from eegstream.codec.bundle import load
from eegstream.codec.engine import Engine, choose_device
from eegstream.codec.trust import Trust

_ROWS = (1, 64, 512, 4096)
_LEAST_CALLS, _MOST_CALLS = 5, 400
_SEED, _AMPLITUDE_UV, _RATE_HZ = 1, 20.0, 256.0


@dataclass(frozen=True)
class Encoding:
    """Calls of the encoder with so many patches."""

    device: str
    patches: int
    call: Spread
    per_patch_us: float
    """Median of a call over its patches."""


def measure_encoder(model: str, device: str, trust: Trust, seconds: float) -> list[Encoding]:
    """Encode for so many seconds with each number of patches; all of them by turns.

    Raises:
        EegstreamError: the bundle or the device cannot be used.
    """
    engine = Engine(load(model, trust=trust), choose_device(device))
    noise = np.random.default_rng(_SEED).normal(scale=_AMPLITUDE_UV, size=(max(_ROWS), engine.facts.manifest.patch))
    patches_uv = noise.astype(np.float32)
    rates_hz = np.full(len(patches_uv), engine.facts.manifest.frontend.model_rate_hz or _RATE_HZ, np.float32)
    times_s: dict[int, list[float]] = {rows: [] for rows in _ROWS}
    deadline_s = time.monotonic() + seconds * len(_ROWS)
    calls = 0
    while calls < _LEAST_CALLS or (time.monotonic() < deadline_s and calls < _MOST_CALLS):
        calls += 1
        for rows in _ROWS:
            start_s = time.perf_counter()
            engine.encode(patches_uv[:rows], rates_hz[:rows])
            times_s[rows].append(time.perf_counter() - start_s)
    spreads = {rows: Spread.of(times) for rows, times in times_s.items()}
    return [
        Encoding(str(engine.device), rows, spread, round(spread.median_ms * 1000 / rows, 2))
        for rows, spread in spreads.items()
    ]
