"""A signal as a line of text."""

import numpy as np
from numpy.typing import NDArray

_BARS = "▁▂▃▄▅▆▇█"


def sparkline(x: NDArray[np.floating], width: int, limit: float) -> str:
    """Draw samples (T,) on `width` characters, from -limit at the bottom to +limit at the top."""
    means = np.array([part.mean() for part in np.array_split(x, width)])
    levels = np.clip((means / limit + 1) / 2 * len(_BARS), 0, len(_BARS) - 1)
    return "".join(_BARS[int(level)] for level in levels)
