"""A bundle that hides nothing: codes are the bits of the samples, and of what a small network makes of them."""

from pathlib import Path

import torch

from tests.identity_bundle import Identity, manifest, write_bundle


class Telltale(torch.nn.Module):
    """The first half of the codes shows any change of the signal, the second any change of the arithmetic."""

    def __init__(self, patch: int) -> None:
        super().__init__()
        self.bits = Identity()
        torch.manual_seed(0)
        self.network = torch.nn.Sequential(
            torch.nn.Linear(patch + 1, 256), torch.nn.ReLU(), torch.nn.Linear(256, patch), torch.nn.Tanh()
        )

    @torch.jit.export
    def encode(self, patches: torch.Tensor, rate_hz: torch.Tensor) -> torch.Tensor:
        bounded = torch.cat([patches.clamp(-1000.0, 1000.0), rate_hz / 1000.0], dim=1)
        return torch.cat([self.bits.encode(patches, rate_hz), self.bits.encode(self.network(bounded), rate_hz)], dim=1)

    @torch.jit.export
    def decode(self, codes: torch.Tensor, rate_hz: torch.Tensor) -> torch.Tensor:
        return self.bits.decode(codes[:, : codes.size(1) // 2], rate_hz)

    def forward(self, patches: torch.Tensor, rate_hz: torch.Tensor) -> torch.Tensor:
        return self.decode(self.encode(patches, rate_hz), rate_hz)


def write_telltale(path: Path, patch: int = 64) -> Path:
    """Write it; 64 samples at 256 Hz make a patch of a quarter of a second."""
    description = manifest(patch)
    description |= {"name": "telltale", "words": 2 * description["words"]}
    return write_bundle(path, description, Telltale(patch).eval())
