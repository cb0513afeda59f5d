"""Cut a continuous signal into patches of fixed length and hop.

C channels, T samples in a chunk, N samples in a patch.
"""

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.history import History


class Patcher:
    """Emit patch p, samples [p hop, p hop + N) of every channel, as soon as it is complete."""

    def __init__(self, n_channels: int, patch: int, hop: int) -> None:
        self._n_channels, self._patch, self._hop = n_channels, patch, hop
        self.reset()

    def reset(self) -> None:
        """Forget the samples kept so far; the next patch is number 0 again."""
        self._recent = History((self._n_channels,), np.float32)
        self.emitted = 0
        """Patches emitted since the start."""

    @property
    def tail(self) -> int:
        """Samples after the last patch; all samples, if there was no patch."""
        if self.emitted == 0:
            return self._recent.stop
        return self._recent.stop - ((self.emitted - 1) * self._hop + self._patch)

    def push(self, y: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return the patches (C, N) that a chunk (C, T) completes, oldest first."""
        self._recent.push(y.T)
        patches = []
        while (start := self.emitted * self._hop) + self._patch <= self._recent.stop:
            patches.append(self._recent.between(start, start + self._patch).T.copy())
            self.emitted += 1
        self._recent.forget_before(self.emitted * self._hop)
        return patches
