"""Signatures of bundles: ed25519 over the SHA-256 of the file, in a small text file beside it.

mine.key        eegstream-secret-key ed25519 HEX       whoever has it can sign; mode 0600
mine.pub        eegstream-public-key ed25519 HEX       given to those who should trust the signer
MODEL.pt.sig    eegstream-signature ed25519 PUBLIC-HEX SIGNATURE-HEX
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from eegstream.errors import BundleError, ConfigError, EegstreamError

_PURPOSE = b"eegstream bundle, signature 1\n"
_MOST_BYTES = 4096


def signature_path(bundle: Path) -> Path:
    """Where the signature of a bundle is."""
    return bundle.with_name(bundle.name + ".sig")


def make_keys(secret: Path) -> tuple[Path, str]:
    """Write a new secret key to `secret` and its public key beside it; return the public one's path and hex.

    Raises:
        EegstreamError: a file is there already, or cannot be written.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - few need it

    public = secret.with_suffix(".pub")
    if public == secret:
        raise EegstreamError(f"{secret} is the name of a public key", "Give a name that ends in .key")
    key = Ed25519PrivateKey.generate()
    public_hex = key.public_key().public_bytes_raw().hex()
    _write_new(public, f"eegstream-public-key ed25519 {public_hex}\n", 0o644)
    try:
        _write_new(secret, f"eegstream-secret-key ed25519 {key.private_bytes_raw().hex()}\n", 0o600)
    except EegstreamError:
        public.unlink()
        raise
    return public, public_hex


def sign(bundle: Path, digest: str, secret: Path) -> Path:
    """Write the signature of a bundle with this digest beside it; replaces an older one.

    Raises:
        ConfigError: `secret` is no secret key.
        EegstreamError: the signature cannot be written.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    (seed,) = _read(secret, "secret-key", 1)
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
    public = key.public_key().public_bytes_raw().hex()
    signature = key.sign(_PURPOSE + bytes.fromhex(digest)).hex()
    path = signature_path(bundle)
    try:
        path.write_text(f"eegstream-signature ed25519 {public} {signature}\n", encoding="ascii")
    except OSError as error:
        raise EegstreamError(f"{path} cannot be written ({error.strerror})") from None
    return path


def public_keys(places: Iterable[Path]) -> dict[str, str]:
    """Public keys by hex with the names of their files; a place is a `.pub` file, or a folder of them.

    Raises:
        ConfigError: a place is missing, holds no key, or holds something else.
    """
    keys = {}
    for place in places:
        files = sorted(place.glob("*.pub")) if place.is_dir() else [place]
        if not files:
            raise ConfigError(f"{place} holds no public key (*.pub)", "Check model-keys")
        for file in files:
            (public,) = _read(file, "public-key", 1)
            keys[public] = file.name
    return keys


def signer(bundle: Path, digest: str, keys: dict[str, str]) -> str | None:
    """Name of the key among `keys` that signed this bundle; None if it is unsigned, or signed by another one.

    Raises:
        BundleError: the signature is malformed, or one of `keys` did not sign these bytes.
    """
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    path = signature_path(bundle)
    if not path.is_file():
        return None
    try:
        public, signature = _read(path, "signature", 2)
    except ConfigError as error:
        raise BundleError(error.message, "Fetch the signature again, or remove it") from None
    if public not in keys:
        return None
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(
            bytes.fromhex(signature), _PURPOSE + bytes.fromhex(digest)
        )
    except (InvalidSignature, ValueError):
        raise BundleError(
            f"{bundle.name} is not what {keys[public]} signed: the signature does not fit", "Fetch both files again"
        ) from None
    return keys[public]


def _read(path: Path, kind: str, count: int) -> list[str]:
    """The numbers, in hex, of a key or signature file."""
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES).decode("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as {kind.replace('-', ' ')} ({error})", "Check the path") from None
    sizes = r" ([0-9a-f]{64})" if count == 1 else r" ([0-9a-f]{64}) ([0-9a-f]{128})"
    match = re.fullmatch(rf"eegstream-{kind} ed25519{sizes}\s*", text)
    if match is None:
        raise ConfigError(f"{path} is not a {kind.replace('-', ' ')} of eegstream", "`eegstream model keys` makes keys")
    return list(match.groups())


def _write_new(path: Path, text: str, mode: int) -> None:
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise EegstreamError(f"{path} exists, and a key is never overwritten", "Give another name") from None
    except OSError as error:
        raise EegstreamError(f"{path} cannot be written ({error.strerror})", "Give another path") from None
    with os.fdopen(number, "w", encoding="ascii") as file:
        file.write(text)
