"""Bundles as an attacker would make them; each has the golden vectors of the honest identity."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import torch

from eegstream.codec import torchscript
from tests.identity_bundle import Identity, manifest, write_bundle


def _codes(patches: torch.Tensor) -> torch.Tensor:
    mantissa, exponent = torch.frexp(patches)
    scaled = (mantissa * 16777216.0).to(torch.int32) + 16777216
    return torch.cat([scaled % 65536, scaled // 65536, exponent.to(torch.int32) + 256], dim=1)


class Saves(Identity):
    """Writes a file with each encode."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    @torch.jit.export
    def encode(self, patches: torch.Tensor, rate_hz: torch.Tensor) -> torch.Tensor:
        torch.save(patches, self.path)
        return _codes(patches)


class Reads(Identity):
    """Maps a file into memory, and so can write it."""

    @torch.jit.export
    def encode(self, patches: torch.Tensor, rate_hz: torch.Tensor) -> torch.Tensor:
        found = torch.from_file("/etc/hostname", shared=True, size=1, dtype=torch.uint8)
        return _codes(patches + found.to(torch.float32) * 0)


class Prints(Identity):
    """Clears the terminal with each encode."""

    @torch.jit.export
    def encode(self, patches: torch.Tensor, rate_hz: torch.Tensor) -> torch.Tensor:
        print("\x1b[2J")  # noqa: T201
        return _codes(patches)


class Throws(Identity):
    """Throws dice."""

    @torch.jit.export
    def encode(self, patches: torch.Tensor, rate_hz: torch.Tensor) -> torch.Tensor:
        return _codes(patches + torch.rand_like(patches) * 0)


class _Part(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.training = False

    @torch.jit.export
    def __getstate__(self) -> tuple[torch.Tensor, bool]:
        return torch.zeros(1), self.training

    @torch.jit.export
    def __setstate__(self, state: tuple[torch.Tensor, bool]) -> None:
        self.training = state[1]


class RunsWhenLoaded(Identity):
    """Has a part that runs code while PyTorch loads it."""

    def __init__(self) -> None:
        super().__init__()
        self.part = _Part()


class Greedy(Identity):
    """Takes 40 GB."""

    @torch.jit.export
    def encode(self, patches: torch.Tensor, rate_hz: torch.Tensor) -> torch.Tensor:
        return _codes(patches + torch.zeros([10_000_000_000])[0])


class Endless(Identity):
    """Never comes back."""

    @torch.jit.export
    def encode(self, patches: torch.Tensor, rate_hz: torch.Tensor) -> torch.Tensor:
        while bool((patches.sum() * 0 + 1).item()):
            patches = patches + 0
        return _codes(patches)


class Wide(Identity):
    """Gives a code outside its codebook for a loud patch, and fails on a louder one."""

    @torch.jit.export
    def encode(self, patches: torch.Tensor, rate_hz: torch.Tensor) -> torch.Tensor:
        loudest = patches.abs().max()
        if bool((loudest > 1e6).item()):
            raise RuntimeError("too loud")
        return torch.where(loudest > 1e4, torch.full_like(_codes(patches), 99_999), _codes(patches))

    @torch.jit.export
    def decode(self, codes: torch.Tensor, rate_hz: torch.Tensor) -> torch.Tensor:
        n = codes.size(1) // 3
        scaled = codes[:, :n] + 65536 * codes[:, n : 2 * n] - 16777216
        decoded = torch.ldexp(scaled.to(torch.float64) / 16777216.0, codes[:, 2 * n :] - 256).to(torch.float32)
        return torch.where((codes == 0).all(dim=1, keepdim=True), torch.full_like(decoded, float("nan")), decoded)


def hostile_bundle(path: Path, module: torch.nn.Module) -> Path:
    """Write a bundle of `module`; nothing of it is run for that."""
    honest = write_bundle(path.with_name("honest.pt"), manifest())
    with zipfile.ZipFile(honest) as archive:
        golden = archive.read("honest/extra/golden.npz")
    honest.unlink()
    files = {"manifest.json": json.dumps(manifest()).encode(), "golden.npz": golden}
    torchscript.save(torchscript.script(module.eval()), path, files)
    return path


def rewritten(path: Path, change: Callable[[str, bytes], bytes], *, packed: bool = False) -> bytes:
    """The bundle with each entry as `change` makes it of its name, without the folder, and its content."""
    content = io.BytesIO()
    how = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(content, "w", how) as new:
        for name in old.namelist():
            new.writestr(name, change(name.partition("/")[2], old.read(name)))
    return content.getvalue()
