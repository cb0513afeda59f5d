"""Which bundle encodes, and on what: what `spec` tells of the model."""

from dataclasses import dataclass

from eegstream.codec.manifest import Manifest


@dataclass(frozen=True)
class ModelFacts:
    """Which bundle encodes, and on what."""

    manifest: Manifest
    sha256: str
    device: str
    precision: str
    torch: str
