"""Check the batches of a user's loader, and say what is wrong with them.

B patches in a batch, N samples in a patch.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from eegstream.dsp.amplitude import PLAUSIBLE_UV, robust_sd
from eegstream.dsp.rates import HIGHEST_RATE_HZ
from eegstream.errors import ConfigError
from trainer.data.windows import PatchBatch

_UNKNOWN_RATE_HZ = 256.0
_TYPICAL_UV = 20.0
_UNITS = {"volts": 1e6, "millivolts": 1e3, "nanovolts": 1e-3}
"""Units that patches may be in by mistake, in microvolts."""
_SURELY_WRONG_UV = 0.05
"""No EEG has a smaller amplitude. Between this and the plausible range it may, after averaging."""
_SECONDS, _KILOHERTZ = 0.05, 16.0
"""Rates below the first look like intervals in seconds, rates below the second like kHz."""


def as_batch(batch: Any, patch_size: int, needs_rates: bool) -> PatchBatch:
    """Patches (B, N) and rates (B, 1) of a loader's batch, in single precision.

    Raises:
        ConfigError: the batch has another form.
    """
    patches, rates_hz = _parts(batch)
    _require_patches(patches, patch_size)
    if rates_hz is None:
        if needs_rates:
            raise ConfigError(
                "your loader gave no rates, expected [batch_size, 1] in Hz beside the patches",
                "Give batches of (patches, rates), or train with model.use_conditioning=false",
            )
        rates_hz = torch.full((len(patches), 1), _UNKNOWN_RATE_HZ, device=patches.device)
    _require_rates(rates_hz, len(patches))
    return patches.float(), rates_hz.float()


def _parts(batch: Any) -> tuple[Any, Any]:
    if isinstance(batch, Mapping):
        keys = list(batch)
        raise ConfigError(
            f"your loader gave a dict with the keys {', '.join(map(str, keys)) or 'none'}, expected patches, or "
            "(patches, rates)",
            f"Let its dataset or collate_fn return batch[{keys[0]!r}] or the like" if keys else "Give patches",
        )
    patches, *more = batch if isinstance(batch, (tuple, list)) and len(batch) else (batch,)
    return patches, more[0] if more else None


def _require_patches(patches: Any, patch_size: int) -> None:
    """Refuse anything but a tensor (B, N) of real numbers."""
    wanted = f"expected a tensor [batch_size, {patch_size}]"
    if not isinstance(patches, Tensor):
        remedy = "torch.from_numpy makes one" if isinstance(patches, np.ndarray) else "Let the loader collate tensors"
        raise ConfigError(f"your loader gave patches that are of type {type(patches).__name__}, {wanted}", remedy)
    if patches.is_complex() or patches.dtype == torch.bool:
        raise ConfigError(f"your loader gave patches of {patches.dtype}, {wanted} of microvolts", "Give real numbers")
    shape = tuple(patches.shape)
    if patches.ndim == 2 and shape[1] == patch_size:
        return
    remedy = "Correct its shape"
    if patches.ndim == 3 and shape[2] == patch_size:
        remedy = f"Each channel is a patch of its own: give patches.reshape(-1, {patch_size})"
    elif patches.ndim == 2 and shape[0] == patch_size:
        remedy = "It looks transposed: give patches.T"
    elif patches.ndim == 2:
        remedy = f"Set model.patch_size={shape[1]}, or cut patches of {patch_size} samples"
    elif patches.ndim == 1 and shape[0] == patch_size:
        remedy = "It is one patch without a batch: give the loader a batch_size"
    raise ConfigError(f"your loader gave patches of {shape}, {wanted}", remedy)


def _require_rates(rates_hz: Any, count: int) -> None:
    if not isinstance(rates_hz, Tensor):
        raise ConfigError(
            f"your loader gave rates of type {type(rates_hz).__name__}, expected a tensor {(count, 1)} in Hz",
            "Give torch.tensor(rates)[:, None]",
        )
    if rates_hz.shape != (count, 1):
        remedy = "Give rates[:, None]" if rates_hz.shape == (count,) else "Give one rate for each patch, in a column"
        raise ConfigError(f"your loader gave rates of {tuple(rates_hz.shape)}, expected {(count, 1)}", remedy)


def first_batch(name: str, loader: Any) -> Any:
    """The first batch of a loader; its random state is restored. None for a loader that can be iterated only once.

    Raises:
        ConfigError: the loader gives no batch.
    """
    own = [g for part in (loader, getattr(loader, "sampler", None)) if (g := getattr(part, "generator", None))]
    states = [generator.get_state() for generator in own]
    with torch.random.fork_rng(devices=[]):
        batches = iter(loader)
        if batches is loader:
            return None
        first = next(batches, None)
    for generator, state in zip(own, states, strict=True):
        generator.set_state(state)
    if first is None:
        raise ConfigError(f"the loader {name} gave no batch, expected at least one", "Give it a larger data set")
    return first


def doubts(given: Any, batch: PatchBatch, rate_range_hz: Sequence[float]) -> list[str]:
    """Warnings on a batch that may be wrong without any error later; none for an empty batch.

    Raises:
        ConfigError: the batch is certainly wrong.
    """
    patches, rates_hz = batch
    if not len(patches):
        return []
    found = _doubts_of_patches(patches.double().cpu().numpy()) + _doubts_of_rates(rates_hz, rate_range_hz)
    if not _parts(given)[0].is_floating_point():
        found.append("patches are whole numbers: if they are an amplifier's steps, multiply by the microvolts of one")
    return found


def _doubts_of_patches(patches: np.ndarray[Any, np.dtype[np.float64]]) -> list[str]:
    odd = np.count_nonzero(~np.isfinite(patches))
    if odd:
        raise ConfigError(
            f"patches of your loader have {odd} of {patches.size} samples that are NaN or infinite",
            "Remove these patches, or replace the samples",
        )
    is_flat = np.ptp(patches, axis=1) == 0
    if is_flat.all():
        raise ConfigError(
            f"patches of your loader are flat: each of the {len(patches)} of its first batch has one value only",
            "Check what the data set returns",
        )
    found = (
        [f"{np.count_nonzero(is_flat)} of {len(patches)} patches are flat"] if 2 * is_flat.sum() > len(patches) else []
    )
    sd_uv = float(np.median(robust_sd(patches[~is_flat])))
    low, high = PLAUSIBLE_UV
    if low <= sd_uv <= high or sd_uv == 0:
        return found
    unit = min(_UNITS, key=lambda name: abs(math.log(sd_uv * _UNITS[name] / _TYPICAL_UV)))
    said = f"have a robust sd of {sd_uv:.2g} µV: they look like {unit}; multiply by {_factor(_UNITS[unit])}"
    if sd_uv < _SURELY_WRONG_UV:
        raise ConfigError(f"patches of your loader {said}")
    return [*found, f"patches {said}, unless they are right"]


def _factor(number: float) -> str:
    return f"1e{round(math.log10(number))}"


def _doubts_of_rates(rates_hz: Tensor, rate_range_hz: Sequence[float]) -> list[str]:
    least, most = float(rates_hz.min()), float(rates_hz.max())
    said = f"rates of your loader are {least:.4g} to {most:.4g}"
    if not (bool(torch.isfinite(rates_hz).all()) and least > 0 and most <= HIGHEST_RATE_HZ):
        raise ConfigError(f"{said}, expected more than 0 and up to {HIGHEST_RATE_HZ:g} Hz", "Correct them")
    if most < _SECONDS:
        raise ConfigError(f"{said}: they look like seconds between samples; give 1 / rates")
    if most < _KILOHERTZ:
        raise ConfigError(f"{said}: they look like kHz; multiply by 1000")
    low, high = rate_range_hz
    return (
        []
        if low <= least and most <= high
        else [f"{said} Hz, the model is meant for {low:g} to {high:g} Hz (bundle.rate_range_hz)"]
    )
