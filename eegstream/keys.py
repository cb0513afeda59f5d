"""A folder of keys: this side's own key pair, the server's public key, and the public keys that are allowed.

A key is a file of one line: 40 characters (Z85). Secret keys are for their owner alone (mode 0600).

    server.secret  server.public   the daemon's pair; a client has `server.public` alone
    client.secret  client.public   a client's pair
    allowed/NAME.public            the clients that the daemon lets in
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import zmq

from eegstream.errors import ConfigError

_KEY = re.compile(r"[0-9a-zA-Z.\-:+=^!/*?&<>()\[\]{}@%$#]{40}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
SYSTEM_FOLDER = Path("/etc/eegstream/keys")


@dataclass(frozen=True)
class KeyPair:
    """A public and a secret key; printing it does not show the secret one."""

    public: str
    secret: bytes

    def __repr__(self) -> str:
        return f"KeyPair({self.public})"


def default_folder() -> Path:
    """The system's folder for root, otherwise a folder of the user."""
    if getattr(os, "geteuid", lambda: 1)() == 0:
        return SYSTEM_FOLDER
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "eegstream" / "keys"


def generate(folder: Path, side: str) -> str:
    """Make the key pair of `side` ("server" or "client"); return the public key.

    Raises:
        ConfigError: there is one already, or the folder cannot be written.
    """
    public, secret = zmq.curve_keypair()
    while public.startswith(b"-"):  # it would look like an option of a command
        public, secret = zmq.curve_keypair()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_new(folder / f"{side}.secret", secret, 0o600)
        (folder / f"{side}.public").unlink(missing_ok=True)
        _write_new(folder / f"{side}.public", public, 0o644)
    except FileExistsError as error:
        raise ConfigError(
            f"{error.filename} exists already", "Remove it first, if nobody needs it, or give another --keys"
        ) from None
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written ({error.strerror})", "Give another --keys") from None
    return public.decode()


def own_pair(folder: Path, side: str) -> KeyPair:
    """The key pair of `side`.

    Raises:
        ConfigError: there is none, or its secret key can be read by others.
    """
    path = folder / f"{side}.secret"
    remedy = f"Make it with: eegstream keys generate {side} --keys {folder}"
    secret = _read(path, remedy).encode()
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise ConfigError(f"{path} can be read by other users", f"Run: chmod 600 {path}, or make a new key")
    return KeyPair(zmq.curve_public(secret).decode(), secret)


def server_public(folder: Path) -> str:
    """The public key of the daemon that a client connects to."""
    return _read(folder / "server.public", "Copy the daemon's server.public to this folder")


def trust_server(folder: Path, public: str) -> None:
    """Note the public key of the daemon that a client will connect to."""
    _write(folder / "server.public", _checked(public, "the key"))


def public_key(text: str) -> str:
    """The public key that a user gives: the key itself, or the path of a file that holds it.

    Raises:
        ConfigError: it is neither.
    """
    return _checked(text, "the key") if _KEY.fullmatch(text) else _read(Path(text), "Give a public key, or its file")


def allow(folder: Path, name: str, public: str) -> None:
    """Let a client in, by its public key."""
    _write(_allowed_path(folder, name), _checked(public, "the key"))


def revoke(folder: Path, name: str) -> None:
    """Let a client in no more.

    Raises:
        ConfigError: no key of this name is allowed.
    """
    try:
        _allowed_path(folder, name).unlink()
    except OSError as error:
        raise ConfigError(
            f"the key of {name!r} cannot be removed ({error.strerror})", f"See: eegstream keys list --keys {folder}"
        ) from None


def allowed(folder: Path) -> dict[str, str]:
    """The clients that are let in: name by public key. A file that holds no key is passed over."""
    found = {}
    for path in sorted((folder / "allowed").glob("*.public")):
        try:
            found[_read(path, "")] = path.stem
        except ConfigError:
            continue
    return found


def _allowed_path(folder: Path, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name!r} is not a name for a key", "Use letters, digits, '.', '_' and '-'")
    return folder / "allowed" / f"{name}.public"


def _read(path: Path, remedy: str) -> str:
    try:
        text = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror})", remedy) from None
    except UnicodeDecodeError:
        text = ""
    return _checked(text, str(path))


def _checked(text: str, what: str) -> str:
    # What is there instead of a key is not shown: it might be a secret one with a blank too many.
    if not _KEY.fullmatch(text):
        raise ConfigError(f"{what} is not a key", "Expected 40 characters in Z85, as `eegstream keys` prints them")
    return text


def _write_new(path: Path, key: bytes, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(key + b"\n")


def _write(path: Path, key: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = path.with_suffix(".part")
        part.write_text(f"{key}\n", encoding="ascii")
        part.replace(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written ({error.strerror})", "Give another --keys") from None
