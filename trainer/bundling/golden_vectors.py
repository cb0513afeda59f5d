"""Golden vectors: codes and patches that a bundle must reproduce on every device, from synthetic EEG.

K golden patches, N samples in a patch, G codes of a patch.
"""

import io
import math

import numpy as np
import torch

from eegstream.codec.bundle import MIN_GOLDEN
from eegstream.codec.engine import CPU_TILE
from eegstream.codec.manifest import Manifest
from eegstream.dsp.frontend import FrontEndSettings
from eegstream.files.recordings import read_recording
from trainer.data.front_ended import Signal, front_ended
from trainer.data.windows import consecutive
from trainer.evaluation.windowed_codec import in_tiles

_RATES_HZ = (100, 128, 160, 200, 250, 256, 500, 512, 1000, 2048)
_CHANNELS = 8
_SEED = 20_000
_PATCH_STEP_UV = 1 / 8
_QUIETEST_UV = 1e-6
_DECODED_STEPS = 2048
"""Golden patches are rounded to steps, as by a converter. Decoded patches are rounded to this fraction of their RMS,
far below the allowed deviation of a device. Without rounding, random bits would be most of a bundle."""


def golden_vectors(module: torch.jit.ScriptModule, manifest: Manifest) -> bytes:
    """`golden.npz` of a bundle: patches, rates, codes and decoded patches, computed in tiles on the CPU."""
    patches, rates_hz = _patches(manifest)
    codes = in_tiles(module.encode, patches, rates_hz)
    decoded = in_tiles(module.decode, codes, rates_hz)
    rms_uv = float(decoded.double().square().mean().sqrt())
    decoded = _rounded(decoded, 2.0 ** math.floor(math.log2(max(rms_uv, _QUIETEST_UV) / _DECODED_STEPS)))
    content = io.BytesIO()
    np.savez_compressed(
        content, patches=patches.numpy(), rate_hz=rates_hz.numpy(), codes=codes.numpy(), decoded=decoded.numpy()
    )
    return content.getvalue()


def _patches(manifest: Manifest) -> tuple[torch.Tensor, torch.Tensor]:
    """At least 1024 patches (K, N) uV in whole tiles, and their rates (K, 1)."""
    settings = FrontEndSettings(**manifest.frontend.model_dump())
    low_hz, high_hz = manifest.rate_range_hz
    rates_hz = [rate_hz for rate_hz in _RATES_HZ if low_hz <= rate_hz <= high_hz] or [round(low_hz)]
    each = -(-MIN_GOLDEN // len(rates_hz))
    parts, told = [], []
    for number, rate_hz in enumerate(rates_hz):
        seconds = 4 + manifest.patch / (manifest.frontend.model_rate_hz or rate_hz) * (each // _CHANNELS + 2)
        recording = read_recording(
            f"synthetic:rate={rate_hz:g},channels={_CHANNELS},seconds={seconds:.0f},seed={_SEED + number}"
        )
        signals = [Signal("synthetic", "", rate_hz, x) for x in front_ended(recording, settings)]
        (patches,) = consecutive(signals, manifest.patch).values()
        parts.append(patches[torch.linspace(0, len(patches) - 1, each).round().long()])
        told.append(torch.full((each, 1), float(rate_hz)))
    whole = -(-MIN_GOLDEN // CPU_TILE) * CPU_TILE
    return _rounded(torch.cat(parts)[:whole], _PATCH_STEP_UV), torch.cat(told)[:whole]


def _rounded(x_uv: torch.Tensor, step_uv: float) -> torch.Tensor:
    return torch.round(x_uv / step_uv) * step_uv
