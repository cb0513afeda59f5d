"""Look at a bundle without running any of it, and without PyTorch."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from eegstream.codec.addresses import find
from eegstream.codec.archive import Archive, read_once
from eegstream.codec.manifest import Manifest
from eegstream.codec.trust import SHIPPED_ONLY, Standing, Trust, standing


@dataclass(frozen=True)
class Seen:
    """A bundle that was read, whoever vouches for it."""

    path: Path
    content: bytes
    sha256: str
    standing: Standing
    manifest: Manifest

    @property
    def title(self) -> str:
        """`name@version`."""
        return f"{self.manifest.name}@{self.manifest.version}"


def look(reference: str, trust: Trust = SHIPPED_ONLY) -> Seen:
    """Read the manifest of a bundle given as `NAME[@VERSION]` or as a path.

    Raises:
        BundleError: there is no such bundle, it is not what it should be, or it is malformed.
        ConfigError: a public key cannot be read.
    """
    path = find(reference)
    content = read_once(path)
    digest = hashlib.sha256(content).hexdigest()
    found = standing(path, digest, trust)
    return Seen(path, content, digest, found, Manifest.from_archive(Archive.read(content, path.name), path.name))
