"""Compare the times of encoders, in turn in one thread."""

import time
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from eegstream.codec.engine import CPU_TILE
from trainer.evaluation.windowed_codec import WindowedCodec, in_tiles

_WARM_UP = 20


def encode_times_ms(
    codecs: Mapping[str, WindowedCodec], windows_uv: NDArray[np.float32], turns: int
) -> dict[str, dict[str, float]]:
    """Milliseconds (median, 95th percentile) to encode a tile of 64 patches in one thread, all models in turn.

    Each model gets the same samples, cut to its patches.
    """
    torch.set_num_threads(1)
    tiles = {
        name: torch.from_numpy(np.resize(windows_uv.ravel(), (CPU_TILE, codec.patch))) for name, codec in codecs.items()
    }
    times: dict[str, list[float]] = {name: [] for name in codecs}
    rates_hz = torch.full((CPU_TILE, 1), 256.0)
    for turn in range(-_WARM_UP, turns):
        for name, codec in codecs.items():
            started = time.perf_counter()
            in_tiles(codec.module.encode, tiles[name], rates_hz)
            if turn >= 0:
                times[name].append(1e3 * (time.perf_counter() - started))
    return {name: {"p50": float(np.median(t)), "p95": float(np.quantile(t, 0.95))} for name, t in times.items()}
