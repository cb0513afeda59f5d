"""Decide whether the bytes of a bundle may run, before anything in them is parsed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from eegstream.codec.addresses import SHIPPED, SUMS, shipped_digests
from eegstream.codec.signatures import public_keys, signature_path, signer
from eegstream.errors import BundleError, ConfigError

UNSIGNED_NOTE = "unsigned model: nothing vouches for its file, allow-unsigned let it run"


@dataclass(frozen=True)
class Trust:
    """What the user trusts beside the bundles of the package.

    Raises:
        ConfigError: `sha256` is not a SHA-256 in hex.
    """

    sha256: str | None = None
    """The digest that the bundle must have, in hex."""
    keys: tuple[Path, ...] = ()
    """Public keys, or folders of them, whose signature is enough."""
    allow_unsigned: bool = False
    """Run a bundle that nothing vouches for."""

    def __post_init__(self) -> None:
        if self.sha256 is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", self.sha256):
            raise ConfigError(
                f"model-sha256 is {self.sha256[:80]!r}, expected 64 hexadecimal digits",
                "`eegstream model show PATH` prints them",
            )

    @classmethod
    def of(cls, sha256: str | None, keys: Iterable[str | Path], *, allow_unsigned: bool | None) -> "Trust":
        """From settings as the user gives them."""
        return cls(sha256 or None, tuple(Path(key).expanduser() for key in keys), bool(allow_unsigned))


SHIPPED_ONLY = Trust()


@dataclass(frozen=True)
class Standing:
    """Why a bundle may run."""

    why: str
    """shipped, pinned, `signed by KEY` or unsigned."""

    @property
    def is_trusted(self) -> bool:
        """Whether something vouches for it."""
        return self.why != "unsigned"

    @property
    def notes(self) -> tuple[str, ...]:
        """What `spec` says on it."""
        return () if self.is_trusted else (UNSIGNED_NOTE,)


def standing(path: Path, digest: str, trust: Trust) -> Standing:
    """Who vouches for a file with this digest.

    Raises:
        BundleError: it is another file than it should be: not the shipped one of that name, not the pinned one, or
            not the one that a trusted key signed.
        ConfigError: a public key cannot be read.
    """
    digests = shipped_digests()
    if path.parent == SHIPPED and digests.get(path.name) != digest:
        raise BundleError(
            f"{path.name} is not the file that the package was made with: sha256 {digest}, "
            f"{SUMS} says {digests.get(path.name, 'nothing')}",
            "Install the package again; give a bundle of your own by a path outside the package",
        )
    if trust.sha256 is not None and trust.sha256.lower() != digest:
        raise BundleError(
            f"{path.name} has sha256 {digest}, model-sha256 says {trust.sha256.lower()}",
            "Give the file that was meant, or the digest of this one if you trust it",
        )
    if digest in digests.values():
        return Standing("shipped")
    if trust.sha256 is not None:
        return Standing("pinned")
    by = signer(path, digest, public_keys(trust.keys)) if trust.keys else None
    return Standing(f"signed by {by}" if by else "unsigned")


def require_consent(found: Standing, path: Path, digest: str, trust: Trust) -> None:
    """Refuse a bundle that nothing vouches for, unless the user lets it run.

    Raises:
        BundleError: there is no consent.
    """
    if found.is_trusted or trust.allow_unsigned:
        return
    signed = " by a key in model-keys" if trust.keys else ""
    beside = f" (the key of {signature_path(path).name} is not in model-keys)" if signature_path(path).is_file() else ""
    raise BundleError(
        f"{path.name} is neither shipped, pinned nor signed{signed}{beside}, and a model is a program",
        f"If you trust it, add --model-sha256 {digest} (configuration: model-sha256, Python: sha256=)",
    )
