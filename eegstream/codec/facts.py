"""Facts on the model and its device, for `spec`."""

from dataclasses import dataclass

from eegstream.codec.manifest import Manifest


@dataclass(frozen=True)
class ModelFacts:
    """Which bundle encodes, and on which device."""

    manifest: Manifest
    sha256: str
    device: str
    precision: str
    torch: str
    notes: tuple[str, ...] = ()
    """What `spec` says on the bundle."""
