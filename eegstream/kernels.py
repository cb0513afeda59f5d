"""The kernels in C, where the package was built with them.

Each has a slower form in Python with equal bits, which is used where they are missing. C is the number of channels.
"""

from importlib import import_module
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray


class Kernels(Protocol):
    """What the sources in native/ offer. Arrays are contiguous; sizes that do not fit are a ValueError."""

    def resample(
        self,
        recent: NDArray[np.float64],
        phases: NDArray[np.float64],
        out: NDArray[np.float64],
        numbers: tuple[int, int, int, int, int, int, int],
        /,
    ) -> None:
        """Write the outputs `first` to `stop` of `dsp.resample` into `out` (m, C).

        `recent` (n, C) are the samples from source position `start` on, `phases` (up, taps) the filter. `numbers` are
        C, up, down, half, start, first, stop.
        """

    def search(
        self,
        sizes: tuple[int, ...],
        tables: tuple[NDArray[np.generic], ...],
        given: tuple[NDArray[np.generic], ...],
        codes: NDArray[np.int32],
        /,
    ) -> None:
        """Write the codes of patches into `codes`; `codec.compiled_search` says what the arguments hold."""


def _compiled() -> tuple[Kernels | None, str | None]:
    try:
        return cast("Kernels", import_module("eegstream._kernels")), None
    except ImportError as error:
        return None, str(error)


compiled, why_missing = _compiled()
"""The kernels, or None; and why they are missing."""
