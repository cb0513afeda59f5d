"""Load a model bundle: one TorchScript file with its manifest and golden vectors.

B patches in a batch, N samples in a patch, G codes of a patch, K golden patches.
"""

import difflib
import hashlib
import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from eegstream.codec import torchscript
from eegstream.codec.manifest import DECODE_METHODS, Manifest
from eegstream.errors import BundleError

SHIPPED = Path(__file__).parent.parent / "bundles"
MIN_GOLDEN = 1024


@dataclass(frozen=True)
class Golden:
    """Vectors that a device must reproduce before the bundle is used."""

    patches: NDArray[np.float32]
    """(K, N), in microvolts."""
    rate_hz: NDArray[np.float32]
    """(K, 1), the source rates."""
    codes: NDArray[np.int32]
    """(K, G)"""
    decoded: NDArray[np.float32]
    """(K, N), in microvolts."""


@dataclass(frozen=True)
class Bundle:
    """A loaded bundle; `module` has the methods that docs/reference/bundle.md specifies."""

    path: Path
    sha256: str
    manifest: Manifest
    golden: Golden
    module: torch.jit.ScriptModule

    @property
    def title(self) -> str:
        """`name@version`."""
        return f"{self.manifest.name}@{self.manifest.version}"


def shipped() -> list[Path]:
    """Paths of the bundles that come with the package, by name and version."""
    return sorted(SHIPPED.glob("*.pt"), key=_name_and_version)


def find(reference: str) -> Path:
    """Path of a bundle given as `NAME[@VERSION]` or as a path.

    Raises:
        BundleError: there is no bundle of that name, version or path.
    """
    if reference.endswith(".pt") or "/" in reference or Path(reference).is_file():
        path = Path(reference).expanduser()
        if not path.is_file():
            raise BundleError(f"no bundle at {reference}", "Give the path of a file that trainer.export wrote")
        return path
    name, _, version = reference.partition("@")
    candidates = [path for path in shipped() if _name_and_version(path)[0] == name]
    if version:
        candidates = [path for path in candidates if str(_name_and_version(path)[1]) == version]
    if not candidates:
        titles = ["@".join(map(str, _name_and_version(path))) for path in shipped()]
        close = difflib.get_close_matches(name, {title.partition("@")[0] for title in titles}, 1)
        raise BundleError(
            f"no bundle is called {reference!r}; shipped: {', '.join(titles) or 'none'}",
            f"Did you mean {close[0]}?" if close else "Name one of these or give a path",
        )
    return candidates[-1]


def load(reference: str, device: torch.device | str = "cpu") -> Bundle:
    """Load a bundle by `NAME[@VERSION]` or path onto `device`, without running it.

    Raises:
        BundleError: there is no such bundle, it is not a TorchScript file, or its parts do not fit together.
    """
    path = find(reference)
    try:
        module, extra = torchscript.load(path, ("manifest.json", "golden.npz"), device)
    except (RuntimeError, ValueError, OSError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise BundleError(
            f"{path.name} is not a TorchScript bundle ({reason[:120]})", "Give a file that trainer.export wrote"
        ) from None
    if not extra["manifest.json"]:
        raise BundleError(f"{path.name} has no manifest.json inside", "Export the model with trainer.export")
    manifest = Manifest.from_json(extra["manifest.json"], path.name)
    if path.parent == SHIPPED and _name_and_version(path) != (manifest.name, manifest.version):
        raise BundleError(f"{path.name} says it is {manifest.name}@{manifest.version}", "Install the package again")
    for method in ("encode", *(DECODE_METHODS[kind] for kind in manifest.decodes)):
        if not hasattr(module, method):
            raise BundleError(f"{path.name} lacks the method {method}", "Export the model with trainer.export")
    golden = _read_golden(extra["golden.npz"], manifest, path.name)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Bundle(path=path, sha256=digest, manifest=manifest, golden=golden, module=module)


def _name_and_version(path: Path) -> tuple[str, int]:
    match = re.fullmatch(r"(.+)-(\d+)", path.stem)
    if match is None:
        raise BundleError(f"{path.name} is not named NAME-VERSION.pt", "Rename or remove it")
    return match[1], int(match[2])


def _read_golden(content: bytes, manifest: Manifest, origin: str) -> Golden:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            golden = Golden(
                patches=arrays["patches"],
                rate_hz=arrays["rate_hz"],
                codes=arrays["codes"],
                decoded=arrays["decoded"],
            )
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise BundleError(f"{origin}: golden.npz cannot be read ({error})", "Export the bundle again") from None
    count, patch, words = len(golden.patches), manifest.patch, np.array(manifest.words)
    expected = {
        "patches": (golden.patches, (count, patch), np.float32),
        "rate_hz": (golden.rate_hz, (count, 1), np.float32),
        "codes": (golden.codes, (count, len(words)), np.int32),
        "decoded": (golden.decoded, (count, patch), np.float32),
    }
    for name, (array, shape, dtype) in expected.items():
        if array.shape != shape or array.dtype != dtype:
            raise BundleError(
                f"{origin}: golden {name} is {array.dtype} {array.shape}, expected {np.dtype(dtype)} {shape}",
                "Export the bundle again",
            )
    if count < MIN_GOLDEN:
        raise BundleError(f"{origin}: {count} golden patches, expected {MIN_GOLDEN} or more", "Export the bundle again")
    if (golden.codes < 0).any() or (golden.codes >= words).any():
        raise BundleError(f"{origin}: golden codes lie outside their words", "Export the bundle again")
    return golden
