"""Cut a continuous signal into patches of fixed length and hop.

C channels, T samples in a chunk, N samples in a patch.
"""

import numpy as np
from numpy.typing import NDArray


class Patcher:
    """Emit patch p, samples [p hop, p hop + N) of every channel, as soon as it is complete."""

    def __init__(self, n_channels: int, patch: int, hop: int) -> None:
        self._n_channels, self._patch, self._hop = n_channels, patch, hop
        self.reset()

    def reset(self) -> None:
        """Forget the samples kept so far; the next patch is number 0 again."""
        self._parts: list[NDArray[np.float32]] = []
        self._kept = 0
        self.pushed = 0
        """Samples pushed since the start."""
        self.emitted = 0
        """Patches emitted since the start."""

    @property
    def tail(self) -> int:
        """Samples after the last patch; all samples, if there was no patch."""
        if self.emitted == 0:
            return self.pushed
        return self.pushed - ((self.emitted - 1) * self._hop + self._patch)

    def push(self, y: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return the patches (C, N) that a chunk (C, T) completes, oldest first."""
        self._parts.append(y)
        self._kept += y.shape[1]
        self.pushed += y.shape[1]
        if self._kept < self._patch:
            return []
        signal = np.concatenate(self._parts, axis=1)
        starts = range(0, self._kept - self._patch + 1, self._hop)
        patches = [signal[:, start : start + self._patch].copy() for start in starts]
        rest = signal[:, len(patches) * self._hop :].copy()
        self._parts, self._kept = [rest], rest.shape[1]
        self.emitted += len(patches)
        return patches
