"""What decodes of whole segments add to those of single patches: smooth borders, and channels that inform each other.

M windows, C channels, P patches of a segment, N samples in a patch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from eegstream.codec.engine import Engine
from eegstream.joining import Decoder, PatchCodes, decodes_of
from trainer.data.datamodule import CorpusDataModule
from trainer.data.front_ended import Signal
from trainer.evaluation.benchmark import MEASURED
from trainer.evaluation.metrics import loud, nrmse, relative_error
from trainer.protocols import PatchDataModule

SINGLE = "single patches"
"""The decode of least error without its neighbours."""

Floats = NDArray[np.float64]


@dataclass
class _Found:
    """Relative errors of windows, and jumps at borders, by decode."""

    relative: dict[str, list[NDArray[np.float64]]] = field(default_factory=dict)
    jumps_uv: dict[str, list[Floats]] = field(default_factory=dict)
    true_jumps_uv: list[Floats] = field(default_factory=list)
    channels: set[int] = field(default_factory=set)

    def results(self) -> dict[str, Any]:
        true_uv = np.median(np.concatenate(self.true_jumps_uv)) if self.true_jumps_uv else 0.0
        decodes = {
            kind: {
                "nrmse": float(nrmse(torch.from_numpy(np.concatenate(parts)))),
                "jump": float(np.median(np.concatenate(self.jumps_uv[kind])) / true_uv) if true_uv > 0 else None,
            }
            for kind, parts in self.relative.items()
        }
        return {"channels": sorted(self.channels), "decodes": decodes}


def segment_decodes(engine: Engine, data: PatchDataModule, window: int) -> dict[str, dict[str, Any]]:
    """NRMSE and border jumps of every decode, by the name of each set; nothing of data without recordings.

    The jump is the median over borders of the decoded signal's, over that of the original's.
    """
    if not isinstance(data, CorpusDataModule):
        return {}
    decoders = {kind: Decoder(engine, kind) for kind in decodes_of(engine)}
    found: dict[str, _Found] = {}
    for side in data.sides(MEASURED).values():
        for recording in side.recordings:
            for signal in recording.signals:
                if signal.rate_hz == recording.signals[0].rate_hz:
                    own = found.setdefault(f"{signal.data_set} {signal.rate_hz:g} Hz", _Found())
                    _measure(own, engine, decoders, signal, window)
    return {name: own.results() for name, own in found.items() if own.relative}


def _measure(found: _Found, engine: Engine, decoders: Mapping[str, Decoder], signal: Signal, window: int) -> None:
    patch = engine.bundle.manifest.patch
    channels, length = len(signal.samples_uv), signal.samples_uv.shape[1] // window * window
    if not length:
        return
    x = np.array(signal.samples_uv[:, :length], np.float32)
    decoded = _decoded(engine, decoders, x, signal.rate_hz)
    heard = loud(torch.from_numpy(x.reshape(-1, window)))
    if not heard.any():
        return
    found.channels.add(channels)
    windows = torch.from_numpy(x.reshape(-1, window)).double()[heard]
    borders = _heard_borders(x, patch)
    found.true_jumps_uv.append(_jumps_uv(x.astype(np.float64), patch)[borders])
    for kind, y in decoded.items():
        relative = relative_error(windows, torch.from_numpy(y.reshape(-1, window))[heard])
        found.relative.setdefault(kind, []).append(relative.numpy())
        found.jumps_uv.setdefault(kind, []).append(_jumps_uv(y, patch)[borders])


def _decoded(
    engine: Engine, decoders: Mapping[str, Decoder], x: NDArray[np.float32], rate_hz: float
) -> Mapping[str, Floats]:
    """Signals (C, T) by decode; the patches follow each other without overlap."""
    channels, patch = len(x), engine.bundle.manifest.patch
    rows = np.ascontiguousarray(x.reshape(channels, -1, patch).transpose(1, 0, 2)).reshape(-1, patch)
    rates_hz = np.full(len(rows), rate_hz, np.float32)
    codes = engine.encode(rows, rates_hz)
    count = len(rows) // channels
    given = PatchCodes(
        codes=codes.reshape(count, channels, -1),
        index=np.arange(count),
        flags=np.zeros((count, channels), np.uint8),
        rate_hz=rate_hz,
        sampled_hz=engine.bundle.manifest.frontend.model_rate_hz or rate_hz,
        hop=patch,
    )
    single = engine.decode(codes, rates_hz).astype(np.float64).reshape(count, channels, patch)
    patches = {SINGLE: single}
    for kind, decoder in decoders.items():
        patches[kind] = np.concatenate(list(decoder.decode(given)))
    return {
        kind: np.ascontiguousarray(found.transpose(1, 0, 2)).reshape(channels, -1) for kind, found in patches.items()
    }


def _jumps_uv(x: Floats, patch: int) -> Floats:
    """Magnitude (C, P - 1) of the step across each border."""
    steps: Floats = np.abs(x[:, patch::patch] - x[:, patch - 1 : -1 : patch])
    return steps


def _heard_borders(x: NDArray[np.float32], patch: int) -> NDArray[np.bool_]:
    """(C, P - 1): borders between two patches that are not quiet."""
    heard = loud(torch.from_numpy(x.reshape(-1, patch))).numpy().reshape(len(x), -1)
    both: NDArray[np.bool_] = heard[:, 1:] & heard[:, :-1]
    return both
