"""Find a bundle by name or path, and tell which bytes come with the package; needs no PyTorch."""

import difflib
import functools
import re
from collections.abc import Mapping
from pathlib import Path

from eegstream.errors import BundleError

SHIPPED = Path(__file__).parent.parent / "bundles"
SUMS = "SHA256SUMS"
"""In `SHIPPED`; as `sha256sum` writes it. `make digests` makes it."""


def shipped() -> list[Path]:
    """Paths of the bundles that come with the package, by name and version."""
    return sorted(SHIPPED.glob("*.pt"), key=name_and_version)


def find(reference: str) -> Path:
    """Path of a bundle given as `NAME[@VERSION]` or as a path.

    Raises:
        BundleError: there is no bundle of that name, version or path.
    """
    if is_path(reference):
        path = Path(reference).expanduser()
        if not path.is_file():
            raise BundleError(f"no bundle at {reference}", "Give the path of a file that trainer.export wrote")
        return path
    name, _, version = reference.partition("@")
    candidates = [path for path in shipped() if name_and_version(path)[0] == name]
    if version:
        candidates = [path for path in candidates if str(name_and_version(path)[1]) == version]
    if not candidates:
        titles = ["@".join(map(str, name_and_version(path))) for path in shipped()]
        close = difflib.get_close_matches(name, {title.partition("@")[0] for title in titles}, 1)
        raise BundleError(
            f"no bundle is called {reference!r}; shipped: {', '.join(titles) or 'none'}",
            f"Did you mean {close[0]}?" if close else "Name one of these or give a path",
        )
    return candidates[-1]


def is_path(reference: str) -> bool:
    """Whether a reference is a path, not a name."""
    return reference.endswith(".pt") or "/" in reference or Path(reference).is_file()


def name_and_version(path: Path) -> tuple[str, int]:
    """What the name of a shipped file says.

    Raises:
        BundleError: the file is not named NAME-VERSION.pt.
    """
    match = re.fullmatch(r"(.+)-(\d+)", path.stem)
    if match is None:
        raise BundleError(f"{path.name} is not named NAME-VERSION.pt", "Rename or remove it")
    return match[1], int(match[2])


@functools.cache
def shipped_digests(folder: Path = SHIPPED) -> Mapping[str, str]:
    """SHA-256 of each shipped bundle by the name of its file.

    Raises:
        BundleError: the list is missing or malformed.
    """
    try:
        lines = (folder / SUMS).read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        raise BundleError(f"{folder / SUMS} cannot be read", "Install the package again") from None
    found = [re.fullmatch(r"([0-9a-f]{64}) [ *]([^/\\]+\.pt)", line) for line in lines]
    digests = {match[2]: match[1] for match in found if match}
    if not digests or len(digests) < len(lines):
        raise BundleError(f"{folder / SUMS} is not a list of SHA-256 digests", "Install the package again")
    return digests
