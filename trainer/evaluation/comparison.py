"""Put a model and transform coding to the same windows, at the same counted bits.

M windows, N samples in a window, P samples in a patch, G codes of a patch.
"""

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from eegstream.codec.engine import CPU_TILE
from eegstream.codec.manifest import Manifest
from trainer.evaluation.codebook_usage import CodeUse
from trainer.evaluation.downstream import Recorded
from trainer.evaluation.measuring import Method, in_tiles
from trainer.evaluation.scoring import PatchSet, gain_over, nrmse_of, score
from trainer.evaluation.transform_coding import EntropyCoder, TransformCoder, mean_predictor, reverse_water_filling

Floats = NDArray[np.float64]

_WARM_UP = 20


@dataclass(frozen=True)
class Codec:
    """A model's methods, for windows of whole patches."""

    module: Any
    """With `encode`, `decode` and, where it is among `decodes`, `decode_spectrum`."""
    words: tuple[int, ...]
    patch: int
    decodes: tuple[str, ...]
    window: int

    @classmethod
    def of(cls, module: Any, manifest: Manifest, window: int) -> "Codec":
        """The codec of a bundle's module."""
        return cls(module, tuple(manifest.words), manifest.patch, tuple(manifest.decodes), window)

    @property
    def bits(self) -> float:
        """Of a window, everything counted: sum(log2(words)) of each of its patches."""
        return self.window // self.patch * sum(map(math.log2, self.words))

    def encode(self, windows_uv: NDArray[np.float32], rate_hz: float) -> torch.Tensor:
        """Codes (patches, G) of windows (M, N) of a source of this rate."""
        patches = torch.from_numpy(np.require(windows_uv, requirements=["C", "W"]).reshape(-1, self.patch))
        return in_tiles(self.module.encode, patches, torch.full((len(patches), 1), rate_hz))

    def decode(self, codes: torch.Tensor, rate_hz: float, kind: str = "mse") -> Floats:
        """Windows (M, N) of codes (patches, G)."""
        method: Method = self.module.decode if kind == "mse" else self.module.decode_spectrum
        patches = in_tiles(method, codes, torch.full((len(codes), 1), rate_hz))
        return patches.numpy().astype(np.float64).reshape(-1, self.window)

    def through(self, windows_uv: NDArray[np.float32], rate_hz: float, kind: str = "mse") -> Floats:
        """What comes back of windows (M, N)."""
        return self.decode(self.encode(windows_uv, rate_hz), rate_hz, kind)


@dataclass
class Yardsticks:
    """Baselines, each fitted once to the same training windows (M, N) of a rate."""

    training: Mapping[float, NDArray[np.float32]]
    _coders: dict[tuple[float, int, bool], TransformCoder] = field(default_factory=dict)
    _entropy_coders: dict[tuple[float, int], EntropyCoder] = field(default_factory=dict)

    def transform_coder(self, sampled_hz: float, bits: float, *, has_gain: bool) -> TransformCoder:
        """KLT and Lloyd-Max tables, at the next whole number of bits that is not less, at the nearest rate there is."""
        key = (self._nearest(sampled_hz), math.ceil(bits - 1e-6), has_gain)
        if key not in self._coders:
            self._coders[key] = TransformCoder.fit(self.training[key[0]], key[1], has_gain=has_gain)
        return self._coders[key]

    def entropy_coder(self, sampled_hz: float, bits: int) -> EntropyCoder:
        """The variable-rate coder of the same transform, with a gain."""
        key = (self._nearest(sampled_hz), bits)
        if key not in self._entropy_coders:
            self._entropy_coders[key] = EntropyCoder.fit(self.training[key[0]], bits, has_gain=True)
        return self._entropy_coders[key]

    def _nearest(self, sampled_hz: float) -> float:
        return min(self.training, key=lambda rate_hz: abs(math.log(rate_hz / sampled_hz)))


def compare(codec: Codec, patch_set: PatchSet, yardsticks: Yardsticks) -> dict[str, Any]:
    """Figures of a model on one set, in each of its decodes, beside transform coding at the same bits."""
    x, sampled_hz = patch_set.patches_uv, patch_set.sampled_hz
    codes = codec.encode(x, patch_set.rate_hz)
    decoded = {kind: codec.decode(codes, patch_set.rate_hz, kind) for kind in codec.decodes}
    coded = {
        name: yardsticks.transform_coder(sampled_hz, codec.bits, has_gain=has_gain)(x)
        for name, has_gain in (("klt_gain", True), ("klt", False))
    }
    return {
        "side": patch_set.side,
        "bits": codec.bits,
        "patches": len(x),
        "subjects": patch_set.n_subjects,
        "decodes": {kind: score(patch_set, y) for kind, y in decoded.items()},
        **{name: score(patch_set, y) for name, y in coded.items()},
        "mean_predictor": score(patch_set, mean_predictor(x)),
        "gain_over": {name: gain_over(patch_set, decoded["mse"], y) for name, y in coded.items()},
    }


def told(codec: Codec, patch_set: PatchSet, rate_range_hz: Sequence[float]) -> dict[str, float | None]:
    """NRMSE with the true rate told, and with half and twice of it where the model is made for that."""
    x = patch_set.patches_uv
    low_hz, high_hz = rate_range_hz
    rates_hz = {name: patch_set.rate_hz * factor for name, factor in (("true", 1.0), ("half", 0.5), ("twice", 2.0))}
    return {
        name: nrmse_of(x, codec.through(x, rate_hz)) if low_hz <= rate_hz <= high_hz else None
        for name, rate_hz in rates_hz.items()
    }


def by_codes_kept(codec: Codec, patch_set: PatchSet) -> list[float]:
    """NRMSE with the first 1, 2, ... G codes of each patch, the others cut off; of a model whose prefixes decode."""
    codes = codec.encode(patch_set.patches_uv, patch_set.rate_hz)
    errors = []
    for kept in range(1, codes.shape[1] + 1):
        cut = codes.clone()
        cut[:, kept:] = -1
        errors.append(nrmse_of(patch_set.patches_uv, codec.decode(cut, patch_set.rate_hz)))
    return errors


def code_counts(codec: Codec, patch_sets: Iterable[PatchSet]) -> list[NDArray[np.int64]]:
    """How often each value (W,) of each code occurs over all sets."""
    use = CodeUse(codec.words)
    for patch_set in patch_sets:
        use.update(codec.encode(patch_set.patches_uv, patch_set.rate_hz))
    return [counts.numpy() for counts in use.compute()]


def curves(patch_set: PatchSet, yardsticks: Yardsticks, bits: Sequence[int]) -> dict[str, list[tuple[float, float]]]:
    """(bits, NRMSE) of every baseline on one set, by its name."""
    x, sampled_hz = patch_set.patches_uv, patch_set.sampled_hz
    found: dict[str, list[tuple[float, float]]] = {}
    for name, has_gain in (("KLT + Lloyd-Max, gain", True), ("KLT + Lloyd-Max, no gain", False)):
        coders = [yardsticks.transform_coder(sampled_hz, b, has_gain=has_gain) for b in bits]
        found[name] = [(b, nrmse_of(x, coder(x))) for b, coder in zip(bits, coders, strict=True)]
    outcomes = [yardsticks.entropy_coder(sampled_hz, b)(x) for b in bits]
    found["KLT, gain, entropy coded (variable rate)"] = [(spent, nrmse_of(x, y)) for y, spent in outcomes]
    found["Gaussian reverse water-filling, own KLT"] = [(b, reverse_water_filling(x, b)) for b in bits]
    return found


def decoded_recordings(codec: Codec, recordings: Sequence[Recorded], kind: str) -> list[Recorded]:
    """Recordings as they come back, cut to whole windows."""
    found = []
    for recording in recordings:
        whole = whole_windows(recording, codec.window)
        channels = len(whole.samples_uv)
        y = codec.through(whole.samples_uv.reshape(-1, codec.window), recording.source_hz, kind)
        found.append(replace(recording, samples_uv=y.reshape(channels, -1).astype(np.float32)))
    return found


def whole_windows(recording: Recorded, window: int) -> Recorded:
    """The recording without what follows its last whole window."""
    count = recording.samples_uv.shape[1] // window
    return replace(recording, samples_uv=np.ascontiguousarray(recording.samples_uv[:, : count * window]))


def encode_times_ms(
    codecs: Mapping[str, Codec], windows_uv: NDArray[np.float32], turns: int
) -> dict[str, dict[str, float]]:
    """Milliseconds (median, 95th percentile) of encoding a tile of 64 patches in one thread, all models by turns.

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
