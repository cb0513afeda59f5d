"""A model's encode and decode over windows of whole patches, in the tiles that the daemon uses.

M windows, N samples in a window, G codes of a patch.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from eegstream.codec import torchscript
from eegstream.codec.engine import CPU_TILE
from eegstream.codec.manifest import DECODE_METHODS, Manifest, bits_of
from trainer.protocols import Network

Floats = NDArray[np.float64]
Method = Callable[[Tensor, Tensor], Tensor]


def in_tiles(method: Method, rows: Tensor, rates_hz: Tensor) -> Tensor:
    """`method` over rows (M, ...) at rates (M, 1), in the daemon's tiles of fixed size, padded with zeros."""
    results = []
    with torch.inference_mode(), torchscript.without_fusion():
        for start in range(0, len(rows), CPU_TILE):
            part, rate = rows[start : start + CPU_TILE], rates_hz[start : start + CPU_TILE]
            missing = CPU_TILE - len(part)
            part = nn.functional.pad(part, (0, 0, 0, missing))
            rate = nn.functional.pad(rate, (0, 0, 0, missing), value=1.0)
            results.append(method(part, rate)[: CPU_TILE - missing])
    return torch.cat(results)


@dataclass(frozen=True)
class WindowedCodec:
    """A model's methods, for windows of whole patches."""

    module: Network | torch.jit.ScriptModule
    """With `encode`, `decode` and, where it is among `decodes`, `decode_spectrum`."""
    codebook_sizes: tuple[int, ...]
    patch: int
    decodes: tuple[str, ...]
    window: int

    @classmethod
    def of(cls, module: torch.jit.ScriptModule, manifest: Manifest, window: int) -> "WindowedCodec":
        """The codec of a bundle's module."""
        return cls(module, tuple(manifest.words), manifest.patch, tuple(manifest.decodes), window)

    @classmethod
    def of_network(cls, network: Network) -> "WindowedCodec":
        """The codec of a network before its export, for windows of one patch."""
        sizes, size = tuple(network.codebook_sizes), network.patch_size
        return cls(network, sizes, size, tuple(network.decodes), size)

    @property
    def bits(self) -> float:
        """All bits of a window: sum(log2(codebook_sizes)) for each of its patches."""
        return self.window // self.patch * bits_of(self.codebook_sizes)

    def encode(self, windows_uv: NDArray[np.float32], rate_hz: float) -> torch.Tensor:
        """Codes (patches, G) of windows (M, N) of a source of this rate."""
        patches = torch.from_numpy(np.require(windows_uv, requirements=["C", "W"]).reshape(-1, self.patch))
        return in_tiles(self.module.encode, patches, torch.full((len(patches), 1), rate_hz))

    def decode(self, codes: torch.Tensor, rate_hz: float, kind: str = "mse") -> Floats:
        """Windows (M, N) of codes (patches, G)."""
        method: Method = getattr(self.module, DECODE_METHODS[kind])
        patches = in_tiles(method, codes, torch.full((len(codes), 1), rate_hz))
        return patches.numpy().astype(np.float64).reshape(-1, self.window)

    def through(self, windows_uv: NDArray[np.float32], rate_hz: float, kind: str = "mse") -> Floats:
        """Reconstruction of windows (M, N)."""
        return self.decode(self.encode(windows_uv, rate_hz), rate_hz, kind)
