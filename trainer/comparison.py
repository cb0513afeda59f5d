"""Run bundles and baselines on the same windows, at the same counted bits.

M windows, N samples in a window, G codes of a patch.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from eegstream.codec.bundle import Bundle
from eegstream.codec.engine import CPU_TILE
from trainer import baselines
from trainer.code_use import CodeUse
from trainer.measuring import Method, figures_of_codes, in_tiles
from trainer.scores import PatchSet, gain_over, score

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Codec:
    """A bundle, put to windows of whole patches."""

    bundle: Bundle
    window: int
    """Samples of a window."""

    @property
    def patches_of_window(self) -> int:
        """How many patches make a window."""
        return self.window // self.bundle.manifest.patch

    @property
    def bits(self) -> float:
        """Of a window, everything counted: sum(log2(words)) of each of its patches."""
        return self.patches_of_window * sum(map(math.log2, self.bundle.manifest.words))

    def encode(self, windows_uv: NDArray[np.float32], rate_hz: float) -> torch.Tensor:
        """Codes (patches, G) of windows (M, N)."""
        patches = torch.from_numpy(windows_uv.reshape(-1, self.bundle.manifest.patch))
        return in_tiles(self.bundle.module.encode, patches, torch.full((len(patches), 1), rate_hz))

    def decode(self, codes: torch.Tensor, rate_hz: float, kind: str = "mse") -> Floats:
        """Windows (M, N) of codes (patches, G)."""
        method: Method = self.bundle.module.decode if kind == "mse" else self.bundle.module.decode_spectrum
        patches = in_tiles(method, codes, torch.full((len(codes), 1), rate_hz))
        return patches.numpy().astype(np.float64).reshape(-1, self.window)


@dataclass
class Yardsticks:
    """Baselines, each fitted once to the same training windows (M, N)."""

    training_uv: NDArray[np.float32]
    _coders: dict[tuple[int, bool], baselines.TransformCoder] = field(default_factory=dict)

    def transform_coded(self, patch_set: PatchSet, bits: float, *, has_gain: bool) -> Floats:
        """KLT and Lloyd-Max tables, at the next whole number of bits that is not less."""
        key = (math.ceil(bits - 1e-6), has_gain)
        if key not in self._coders:
            self._coders[key] = baselines.TransformCoder.fit(self.training_uv, key[0], has_gain=has_gain)
        return self._coders[key](patch_set.patches_uv)

    def curve(self, patch_set: PatchSet, bits: Sequence[int]) -> dict[str, list[float]]:
        """NRMSE of every baseline at these bits, by its name."""
        x = patch_set.patches_uv.astype(np.float64)

        def nrmse(y: Floats) -> float:
            return float(np.sqrt((((y - x) ** 2).sum(axis=1) / (x**2).sum(axis=1)).mean()))

        return {
            "KLT + Lloyd-Max, gain": [nrmse(self.transform_coded(patch_set, b, has_gain=True)) for b in bits],
            "KLT + Lloyd-Max, no gain": [nrmse(self.transform_coded(patch_set, b, has_gain=False)) for b in bits],
            "entropy coded, gain, variable rate": [
                nrmse(baselines.entropy_coded(self.training_uv, patch_set.patches_uv, b, has_gain=True)[0])
                for b in bits
            ],
            "Gaussian reverse water-filling": [baselines.reverse_water_filling(patch_set.patches_uv, b) for b in bits],
        }


def compare(codec: Codec, patch_set: PatchSet, yardsticks: Yardsticks) -> dict[str, Any]:
    """Figures of a bundle on one set, in each of its decodes, beside transform coding at the same bits."""
    codes = codec.encode(patch_set.patches_uv, patch_set.rate_hz)
    decoded = {kind: codec.decode(codes, patch_set.rate_hz, kind) for kind in codec.bundle.manifest.decodes}
    with_gain = yardsticks.transform_coded(patch_set, codec.bits, has_gain=True)
    without = yardsticks.transform_coded(patch_set, codec.bits, has_gain=False)
    return {
        "bits": codec.bits,
        "decodes": {kind: score(patch_set, y) for kind, y in decoded.items()},
        "klt_gain": score(patch_set, with_gain),
        "klt": score(patch_set, without),
        "mean_predictor": score(patch_set, baselines.mean_predictor(patch_set.patches_uv)),
        "gain_over_klt_gain": gain_over(patch_set, decoded["mse"], with_gain),
        "gain_over_klt": gain_over(patch_set, decoded["mse"], without),
    }


def by_codes_kept(codec: Codec, patch_set: PatchSet) -> list[float]:
    """NRMSE with the first 1, 2, ... G codes of each patch, the others cut off; of a bundle whose prefixes decode."""
    codes = codec.encode(patch_set.patches_uv, patch_set.rate_hz)
    x = patch_set.patches_uv.astype(np.float64)
    errors = []
    for kept in range(1, codes.shape[1] + 1):
        cut = codes.clone()
        cut[:, kept:] = -1
        y = codec.decode(cut, patch_set.rate_hz)
        errors.append(float(np.sqrt((((y - x) ** 2).sum(axis=1) / (x**2).sum(axis=1)).mean())))
    return errors


def code_figures(codec: Codec, patch_sets: Sequence[PatchSet]) -> dict[str, dict[str, float]]:
    """Use and perplexity of each code over all sets."""
    use = CodeUse(codec.bundle.manifest.words)
    for patch_set in patch_sets:
        use.update(codec.encode(patch_set.patches_uv, patch_set.rate_hz))
    return figures_of_codes([counts.numpy() for counts in use.compute()])


def encode_times_ms(bundles: Mapping[str, Bundle], patches: Mapping[str, torch.Tensor], turns: int = 300) -> Any:
    """Milliseconds (median, 95th percentile) of encoding one tile of 64 patches on one core, all bundles by turns."""
    torch.set_num_threads(1)
    times: dict[str, list[float]] = {name: [] for name in bundles}
    rates_hz = torch.full((CPU_TILE, 1), 256.0)
    for turn in range(turns + 20):
        for name, loaded in bundles.items():
            tile = patches[name][:CPU_TILE]
            started = time.perf_counter()
            in_tiles(loaded.module.encode, tile, rates_hz)
            if turn >= 20:
                times[name].append(1e3 * (time.perf_counter() - started))
    return {name: {"p50": float(np.median(t)), "p95": float(np.quantile(t, 0.95))} for name, t in times.items()}
