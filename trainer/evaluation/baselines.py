"""The baselines that a model is compared with, each fitted once to the same training windows.

M windows, N samples in a window.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trainer.evaluation.gain_shape import MOST_BITS, GainShapeCoder
from trainer.evaluation.transform_coding import EntropyCoder, TransformCoder


@dataclass
class Baselines:
    """Coders by rate and bits, fitted at their first use."""

    training: Mapping[float, NDArray[np.float32]]
    """Windows (M, N) by the rate of their samples."""
    _coders: dict[tuple[float, int, bool], TransformCoder] = field(default_factory=dict)
    _entropy_coders: dict[tuple[float, int], EntropyCoder] = field(default_factory=dict)
    _gain_shape_coders: dict[float, GainShapeCoder] = field(default_factory=dict)

    def transform_coder(self, sampled_hz: float, bits: float, *, has_gain: bool) -> TransformCoder:
        """KLT and Lloyd-Max tables, with `bits` rounded up, for the nearest available rate."""
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

    def gain_shape_coder(self, bits: float) -> GainShapeCoder | None:
        """The vector quantiser of these bits, fitted to windows of all rates together; None if they are too many."""
        if bits > MOST_BITS:
            return None
        if bits not in self._gain_shape_coders:
            windows = np.concatenate(list(self.training.values()))
            self._gain_shape_coders[bits] = GainShapeCoder.fit(windows, bits)
        return self._gain_shape_coders[bits]

    def _nearest(self, sampled_hz: float) -> float:
        return min(self.training, key=lambda rate_hz: abs(math.log(rate_hz / sampled_hz)))
