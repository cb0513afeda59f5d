"""How well a codec keeps a signal with strong mains: the error of all of it, and the error outside the line.

M windows, N samples in a window.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.mains import HALF_BAND_HZ, LINES_HZ
from trainer.evaluation.heldout_windows import HeldOutWindows
from trainer.evaluation.scoring import nrmse_of

Floats = NDArray[np.float64]
Through = Callable[[NDArray[np.float32]], Floats]
"""Encodes and decodes windows (M, N)."""

_STRONG = 0.5
_FEW = 10
"""With fewer windows of strong mains, a set says nothing about it."""
MADE_SHARE = 0.88
"""Share of the energy of a line that is added."""
_SEED = 50


def on_mains(windows: HeldOutWindows, through: Through) -> dict[str, dict[str, Any]]:
    """By line: errors on the windows of a set with strong mains, and on its windows with a line added.

    A set with less than ten windows of strong mains has None for the first.
    """
    found = {}
    for line in LINES_HZ:
        if line + HALF_BAND_HZ < windows.rate_hz / 2:
            strong = _strong(windows, line)
            made = with_line(windows, line, MADE_SHARE)
            found[str(line)] = {
                "found": _errors(strong, through, line, windows.sampled_hz) if len(strong) else None,
                "added": _errors(made, through, line, windows.sampled_hz),
            }
    return found


def _strong(windows: HeldOutWindows, line_hz: float) -> NDArray[np.float32]:
    """The windows (m, N) of a set with more than half of their energy in a line; none if there are few."""
    x = windows.patches_uv
    rest = without_line(x, line_hz, windows.sampled_hz)
    is_strong = np.square(rest).sum(axis=1) < (1 - _STRONG) * np.square(x, dtype=np.float64).sum(axis=1)
    return x[is_strong] if is_strong.sum() >= _FEW else x[:0]


def with_line(windows: HeldOutWindows, line_hz: float, share: float) -> NDArray[np.float32]:
    """The windows (M, N) of a set with a line of random phase added, which has this share of the energy."""
    x = windows.patches_uv.astype(np.float64)
    rms_uv = np.sqrt(np.square(x).mean(axis=1, keepdims=True))
    phase = np.random.default_rng(_SEED).uniform(0, 2 * np.pi, (len(x), 1))
    turns = 2 * np.pi * line_hz / windows.sampled_hz * np.arange(x.shape[1])
    line = np.sqrt(2 * share / (1 - share)) * rms_uv * np.sin(turns + phase)
    return np.asarray(x + line, np.float32)


def _errors(x_uv: NDArray[np.float32], through: Through, line_hz: float, rate_hz: float) -> dict[str, Any]:
    decoded_uv = through(x_uv)
    rest, decoded_rest = (without_line(samples, line_hz, rate_hz) for samples in (x_uv, decoded_uv))
    return {
        "windows": len(x_uv),
        "share": float(1 - np.square(rest).sum() / np.square(x_uv, dtype=np.float64).sum()),
        "nrmse": nrmse_of(x_uv, decoded_uv),
        "nrmse_outside": nrmse_of(rest, decoded_rest),
    }


def without_line(samples_uv: NDArray[np.floating], line_hz: float, rate_hz: float) -> Floats:
    """Windows (M, N) without all that sinusoids within 1 Hz of a line can express in them."""
    exact = samples_uv.astype(np.float64)
    count = exact.shape[1]
    half = int(np.ceil(2 * HALF_BAND_HZ * count / rate_hz))
    angles = (
        2 * np.pi * np.arange(count)[:, None] / rate_hz * (line_hz + HALF_BAND_HZ * np.linspace(-1, 1, 2 * half + 1))
    )
    waves, sizes, _ = np.linalg.svd(np.hstack([np.cos(angles), np.sin(angles)]), full_matrices=False)
    own = waves[:, sizes > 1e-4 * sizes[0]]
    return np.asarray(exact - (exact @ own) @ own.T)
