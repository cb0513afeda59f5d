"""The bare loop with the model in it: whenever a patch's worth of samples is there, it is encoded and published.

No filter and no resampling: every so many samples are taken as they are. So its codes mean nothing; its time does.
"""

import sys

import numpy as np

from benchmarks.peers.answers import Answers, follow
from eegstream.codec.bundle import load
from eegstream.codec.engine import Engine, choose_device


class _Patches:
    """Collects samples until a patch is complete."""

    def __init__(self, model: str, answers: Answers) -> None:
        self._engine = Engine(load(model), choose_device("cpu"))
        self._answers = answers
        self._waiting: list[np.ndarray] = []
        self._stamps_s: list[np.ndarray] = []

    def take(self, samples: np.ndarray, stamps_s: np.ndarray) -> None:
        """Note a chunk; encode and publish if it completes a patch."""
        manifest = self._engine.facts.manifest
        rate_hz = manifest.frontend.model_rate_hz
        self._waiting.append(samples)
        self._stamps_s.append(stamps_s)
        stamps_s = np.concatenate(self._stamps_s)
        if len(stamps_s) < 2 or stamps_s[-1] - stamps_s[0] < manifest.patch / rate_hz:
            return
        taken = np.linspace(0, len(stamps_s) - 1, manifest.patch).astype(int)
        patches_uv = np.ascontiguousarray(np.concatenate(self._waiting)[taken].T, np.float32)
        codes = self._engine.encode(patches_uv, np.full(len(patches_uv), rate_hz, np.float32))
        self._answers.send(float(stamps_s[-1]), codes.tobytes())
        self._waiting, self._stamps_s = [], []


def main() -> None:
    """Encode until the outlet is gone."""
    with Answers() as answers:
        follow(_Patches(sys.argv[1], answers).take)


if __name__ == "__main__":
    main()
