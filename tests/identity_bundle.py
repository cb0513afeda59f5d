"""A bundle whose codes are the very bits of the samples, so that equal codes mean equal signals."""

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import torch

from eegstream.codec import torchscript
from eegstream.codec.bundle import Bundle, load
from eegstream.codec.trust import Trust

N_GOLDEN = 1024


def digest(path: Path) -> str:
    """What a user would pin."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def pinned(path: Path | str) -> list[str]:
    """Options that name a bundle and, if it is a file, its digest."""
    pin = ["--model-sha256", digest(Path(path))] if Path(path).is_file() else []
    return ["--model", str(path), *pin]


def load_own(path: Path, device: torch.device | str = "cpu") -> Bundle:
    """Load a bundle that a test has made."""
    return load(str(path), device, Trust(sha256=digest(path)))


class Identity(torch.nn.Module):
    """Each float32 sample becomes three codes: low and high part of its mantissa, and its exponent."""

    @torch.jit.export
    def encode(self, patches: torch.Tensor, rate_hz: torch.Tensor) -> torch.Tensor:
        mantissa, exponent = torch.frexp(patches)
        scaled = (mantissa * 16777216.0).to(torch.int32) + 16777216
        return torch.cat([scaled % 65536, scaled // 65536, exponent.to(torch.int32) + 256], dim=1)

    @torch.jit.export
    def decode(self, codes: torch.Tensor, rate_hz: torch.Tensor) -> torch.Tensor:
        n = codes.size(1) // 3
        scaled = codes[:, :n] + 65536 * codes[:, n : 2 * n] - 16777216
        return torch.ldexp(scaled.to(torch.float64) / 16777216.0, codes[:, 2 * n :] - 256).to(torch.float32)

    def forward(self, patches: torch.Tensor, rate_hz: torch.Tensor) -> torch.Tensor:
        return self.decode(self.encode(patches, rate_hz), rate_hz)


def manifest(patch: int = 64, hop: int | None = None, **frontend: float | None) -> dict:
    """A manifest; by default 64 samples at 256 Hz behind a 0.5 Hz high-pass."""
    return {
        "format": 1,
        "name": "identity",
        "version": 1,
        "patch": patch,
        "hop": hop or patch,
        "words": [65536] * patch + [1024] * patch + [512] * patch,
        "prefix": False,
        "decodes": ["mse"],
        "frontend": {"model_rate_hz": 256, "highpass_hz": 0.5, "notch_hz": None} | frontend,
        "rate_range_hz": [1, 50000],
        "amplitude_uv": 2000,
        "model": {},
        "training": {},
        "metrics": {},
        "license": "Apache-2.0",
        "card": "Every bit of every sample.",
    }


def write_bundle(path: Path, description: dict, module: torch.nn.Module | None = None, **golden: np.ndarray) -> Path:
    """Write a bundle file; `golden` replaces arrays of its golden vectors."""
    module = (module or Identity()).eval()
    rng = np.random.default_rng(0)
    patches = rng.normal(scale=20, size=(N_GOLDEN, description["patch"])).astype(np.float32)
    rates = np.full((N_GOLDEN, 1), 256, np.float32)
    codes = module.encode(torch.from_numpy(patches), torch.from_numpy(rates))
    decoded = module.decode(codes, torch.from_numpy(rates)).detach()
    arrays = {"patches": patches, "rate_hz": rates, "codes": codes.numpy(), "decoded": decoded.numpy()} | golden
    content = io.BytesIO()
    np.savez(content, **arrays)
    files = {"manifest.json": json.dumps(description).encode(), "golden.npz": content.getvalue()}
    torchscript.save(torchscript.script(module), path, files)
    return path
