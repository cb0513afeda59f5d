"""Load a model bundle: one TorchScript file with its manifest and golden vectors.

The file is read once. Its digest decides first whether it may run; then its parts are checked without running any;
only then PyTorch gets it.
"""

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path

import torch

from eegstream.codec import torchscript
from eegstream.codec.addresses import find, shipped
from eegstream.codec.archive import GOLDEN, Archive, read_once
from eegstream.codec.golden import MIN_GOLDEN, Golden, read_golden
from eegstream.codec.graph_check import require_allowed
from eegstream.codec.manifest import DECODE_METHODS, Manifest
from eegstream.codec.source_check import require_harmless
from eegstream.codec.tensor_check import require_tensors_inside
from eegstream.codec.trial import try_out
from eegstream.codec.trust import SHIPPED_ONLY, Standing, Trust, require_consent, standing
from eegstream.codec.wording import reason
from eegstream.errors import BundleError

__all__ = ["MIN_GOLDEN", "Bundle", "Golden", "find", "load", "load_bytes", "shipped"]

_TORCH_ERRORS = (RuntimeError, ValueError, OSError, IndexError, KeyError, TypeError, MemoryError, torch.jit.Error)
"""What PyTorch raises on archives that it cannot load."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Bundle:
    """A loaded bundle; `module` has the methods that docs/reference/bundle.md specifies."""

    path: Path
    sha256: str
    manifest: Manifest
    golden: Golden
    module: torch.jit.ScriptModule
    standing: Standing

    @property
    def title(self) -> str:
        """`name@version`."""
        return f"{self.manifest.name}@{self.manifest.version}"


def load(reference: str, device: torch.device | str = "cpu", trust: Trust = SHIPPED_ONLY) -> Bundle:
    """Load a bundle by `NAME[@VERSION]` or path onto `device`, without running it.

    One that nothing vouches for runs first in a process of its own, with its golden vectors.

    Raises:
        BundleError: there is no such bundle, nothing vouches for it, or its parts are not as they should be.
        ConfigError: a public key cannot be read.
    """
    path = find(reference)
    content = read_once(path)
    digest = hashlib.sha256(content).hexdigest()
    found = standing(path, digest, trust)
    require_consent(found, path, digest, trust)
    if not found.is_trusted:
        log.warning("%s is unsigned, and runs because --allow-unsigned says so; sha256 %s", path.name, digest)
        try_out(content, path.name)
    return load_bytes(content, path, digest, found, device)


def load_bytes(content: bytes, path: Path, digest: str, found: Standing, device: torch.device | str = "cpu") -> Bundle:
    """Load the bytes of a bundle, read from `path`, whose digest and standing are known.

    Raises:
        BundleError: its parts are not as they should be.
    """
    origin = path.name
    archive = Archive.read(content, origin)
    manifest = Manifest.from_archive(archive, origin)
    golden = read_golden(archive.entries.get(GOLDEN, b""), manifest, origin)
    require_harmless(archive.sources, origin)
    require_tensors_inside(archive.entries, origin)
    try:
        module = torchscript.load_bytes(archive.repacked(), device)
    except _TORCH_ERRORS as error:
        raise BundleError(
            f"{origin} is not a TorchScript bundle ({reason(error)})", "Give a file that trainer.export wrote"
        ) from None
    methods = ("encode", *(DECODE_METHODS[kind] for kind in manifest.decodes))
    for method in methods:
        if not hasattr(module, method):
            raise BundleError(f"{origin} lacks the method {method}", "Export the model with trainer.export")
    require_allowed(module, methods, origin)
    return Bundle(path=path, sha256=digest, manifest=manifest, golden=golden, module=module, standing=found)
