"""Measure a model and transform coding on the same windows, at the same counted bits.

M windows, N samples in a window, P samples in a patch, G codes of a patch.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.evaluation.baselines import Baselines
from trainer.evaluation.codebook_usage import CodebookUsage
from trainer.evaluation.heldout_windows import HeldOutWindows
from trainer.evaluation.scoring import gain_over, nrmse_of, score
from trainer.evaluation.transform_coding import mean_predictor, reverse_water_filling
from trainer.evaluation.whole_recordings import Recorded, whole_windows
from trainer.evaluation.windowed_codec import WindowedCodec


def compare(codec: WindowedCodec, patch_set: HeldOutWindows, baselines: Baselines) -> dict[str, Any]:
    """Metrics of a model on one set, in each of its decodes, beside transform coding at the same bits.

    Beside a gain-shape vector quantiser, too, if the bits are so few that there can be one.
    """
    x, sampled_hz = patch_set.patches_uv, patch_set.sampled_hz
    codes = codec.encode(x, patch_set.rate_hz)
    decoded = {kind: codec.decode(codes, patch_set.rate_hz, kind) for kind in codec.decodes}
    coded = {
        name: baselines.transform_coder(sampled_hz, codec.bits, has_gain=has_gain)(x)
        for name, has_gain in (("klt_gain", True), ("klt", False))
    }
    if (quantiser := baselines.gain_shape_coder(codec.bits)) is not None:
        coded["gain_shape"] = quantiser(x)
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


def rate_sensitivity(
    codec: WindowedCodec, patch_set: HeldOutWindows, rate_range_hz: Sequence[float]
) -> dict[str, float | None]:
    """NRMSE if the model is given the true rate, and half and twice of it, if these are in its range."""
    x = patch_set.patches_uv
    low_hz, high_hz = rate_range_hz
    rates_hz = {name: patch_set.rate_hz * factor for name, factor in (("true", 1.0), ("half", 0.5), ("twice", 2.0))}
    return {
        name: nrmse_of(x, codec.through(x, rate_hz)) if low_hz <= rate_hz <= high_hz else None
        for name, rate_hz in rates_hz.items()
    }


def by_codes_kept(codec: WindowedCodec, patch_set: HeldOutWindows) -> list[float]:
    """NRMSE with the first 1, 2, ... G codes of each patch, the others cut off; for models whose prefixes decode."""
    codes = codec.encode(patch_set.patches_uv, patch_set.rate_hz)
    errors = []
    for kept in range(1, codes.shape[1] + 1):
        cut = codes.clone()
        cut[:, kept:] = -1
        errors.append(nrmse_of(patch_set.patches_uv, codec.decode(cut, patch_set.rate_hz)))
    return errors


def code_counts(codec: WindowedCodec, heldout_sets: Iterable[HeldOutWindows]) -> list[NDArray[np.int64]]:
    """Histogram (W,) of each code over all sets."""
    use = CodebookUsage(codec.codebook_sizes)
    for patch_set in heldout_sets:
        use.update(codec.encode(patch_set.patches_uv, patch_set.rate_hz))
    return [counts.numpy() for counts in use.compute()]


def curves(
    patch_set: HeldOutWindows, baselines: Baselines, bits: Sequence[int]
) -> dict[str, list[tuple[float, float]]]:
    """(bits, NRMSE) of every baseline on one set, by its name."""
    x, sampled_hz = patch_set.patches_uv, patch_set.sampled_hz
    found: dict[str, list[tuple[float, float]]] = {}
    for name, has_gain in (("KLT + Lloyd-Max, gain", True), ("KLT + Lloyd-Max, no gain", False)):
        coders = [baselines.transform_coder(sampled_hz, b, has_gain=has_gain) for b in bits]
        found[name] = [(b, nrmse_of(x, coder(x))) for b, coder in zip(bits, coders, strict=True)]
    outcomes = [baselines.entropy_coder(sampled_hz, b)(x) for b in bits]
    found["KLT, gain, entropy coded (variable rate)"] = [(spent, nrmse_of(x, y)) for y, spent in outcomes]
    found["Gaussian reverse water-filling, own KLT"] = [(b, reverse_water_filling(x, b)) for b in bits]
    return found


def decoded_recordings(codec: WindowedCodec, recordings: Sequence[Recorded], kind: str) -> list[Recorded]:
    """Recordings encoded and decoded, cut to whole windows."""
    found = []
    for recording in recordings:
        whole = whole_windows(recording, codec.window)
        channels = len(whole.samples_uv)
        y = codec.through(whole.samples_uv.reshape(-1, codec.window), recording.source_hz, kind)
        found.append(replace(recording, samples_uv=y.reshape(channels, -1).astype(np.float32)))
    return found
