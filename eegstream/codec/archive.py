"""The bytes of a bundle and the zip archive in them, read under limits and without PyTorch.

A bundle may come from anywhere, so sizes are checked in the archive's directory before anything is unpacked, and
checksums while it is. `repacked` writes a plain archive of what was read: PyTorch's own zip reader then cannot see
anything else than what was checked.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from eegstream.codec.wording import reason
from eegstream.errors import BundleError

MIB = 1024 * 1024
MOST_FILE_BYTES = 256 * MIB
MOST_UNPACKED_BYTES = 512 * MIB
"""Of all entries together."""
MOST_ENTRIES = 20_000
MOST_RATIO = 100
"""Unpacked over packed size of one entry, from `_SMALL_BYTES` on. PyTorch packs only code, ten times at most."""
_SMALL_BYTES = 64 * 1024

MANIFEST = "extra/manifest.json"
GOLDEN = "extra/golden.npz"
_MOST_BYTES: Mapping[str, int] = {
    MANIFEST: MIB,
    GOLDEN: 128 * MIB,
    "data.pkl": 16 * MIB,
    "constants.pkl": 16 * MIB,
    "code": 16 * MIB,
}
"""Most bytes of single entries, and of all code together."""
_FOR_PYTORCH = re.compile(
    r"(\.data/)?version|byteorder|\.data/serialization_id|data\.pkl|constants\.pkl|(data|constants)/\d+|code/.+\.py"
)
_BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, KeyError)
_EXPORT = "Give a file that trainer.export wrote"


def read_once(path: Path) -> bytes:
    """The bytes of a bundle. Everything that follows uses these and not the file, which may change meanwhile.

    Raises:
        BundleError: the file cannot be read, or is too large.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_FILE_BYTES + 1)
    except OSError as error:
        raise BundleError(f"{path} cannot be read ({error.strerror})", "Check the path") from None
    if len(content) > MOST_FILE_BYTES:
        raise BundleError(f"{path.name} has more than {MOST_FILE_BYTES // MIB} MiB, the most for a bundle", _EXPORT)
    return content


def unpack(content: bytes, limit: int, what: str) -> dict[str, bytes]:
    """Entries of a zip archive of at most `limit` bytes together, by name; `what` names it in errors.

    Raises:
        BundleError: not a zip archive, damaged, ambiguous, or larger than the limits.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _require_small(archive.infolist(), limit, what)
            return {entry.filename: archive.read(entry) for entry in archive.infolist()}
    except _BROKEN as error:
        raise BundleError(f"{what} is damaged or no zip archive ({reason(error)})", "Fetch the file again") from None


def _require_small(entries: Iterable[zipfile.ZipInfo], limit: int, what: str) -> None:
    entries = list(entries)
    if len(entries) > MOST_ENTRIES:
        raise BundleError(f"{what} has {len(entries)} entries, expected at most {MOST_ENTRIES}", _EXPORT)
    if len({entry.filename.lower() for entry in entries}) < len(entries):
        raise BundleError(f"{what} has two entries of one name", _EXPORT)
    total = sum(entry.file_size for entry in entries)
    if total > limit:
        raise BundleError(f"{what} unpacks to {total / MIB:.0f} MiB, expected at most {limit // MIB} MiB", _EXPORT)
    for entry in entries:
        if entry.file_size > max(_SMALL_BYTES, MOST_RATIO * entry.compress_size):
            raise BundleError(
                f"{what}: {entry.filename[:80]!r} unpacks to more than {MOST_RATIO} times its size", _EXPORT
            )


@dataclass(frozen=True)
class Archive:
    """What a bundle's archive holds."""

    entries: Mapping[str, bytes]
    """By name, without the folder that all names begin with."""

    @classmethod
    def read(cls, content: bytes, origin: str) -> "Archive":
        """Unpack the bytes of a bundle; `origin` names it in errors.

        Raises:
            BundleError: not a bundle's archive, damaged, or larger than the limits.
        """
        try:
            unpacked = unpack(content, MOST_UNPACKED_BYTES, "the archive")
        except BundleError as error:
            raise BundleError(f"{origin} is not a TorchScript bundle: {error.message}", error.remedy) from None
        roots = {name.partition("/")[0] for name in unpacked}
        if len(roots) != 1:
            raise BundleError(f"{origin} is not a TorchScript bundle: {len(roots)} folders, expected one", _EXPORT)
        entries = {name.partition("/")[2]: data for name, data in unpacked.items()}
        sizes = {name: len(data) for name, data in entries.items()}
        sizes["code"] = sum(size for name, size in sizes.items() if name.startswith("code/"))
        for name, most in _MOST_BYTES.items():
            if sizes.get(name, 0) > most:
                raise BundleError(f"{origin}: {name} has more than {most // MIB} MiB", _EXPORT)
        return cls(entries)

    @property
    def sources(self) -> dict[str, bytes]:
        """TorchScript code by the name of its file."""
        return {name: data for name, data in self.entries.items() if name.startswith("code/") and name.endswith(".py")}

    def repacked(self) -> bytes:
        """A plain archive of the entries that PyTorch needs."""
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
            for name, data in self.entries.items():
                if _FOR_PYTORCH.fullmatch(name):
                    archive.writestr(f"bundle/{name}", data)
        return content.getvalue()
