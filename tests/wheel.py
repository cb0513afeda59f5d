"""What the wheel holds; as a program it checks one: `python -m tests.wheel dist/*.whl`. Needs nothing but Python."""

import email
import hashlib
import re
import sys
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
_MOST_BYTES = 16_000_000
_BUILT = {".pyc", ".so", ".pyd"}
"""Suffixes of what Python and the C compiler leave in a working tree."""
_KERNELS = re.compile(r"eegstream/_kernels(\.abi3\.so|\.pyd)")
NO_KERNELS = "lacks the kernels in C: no compiler built them"


def superseded() -> set[str]:
    """Names of bundles that stay in the repository."""
    return {Path(name).name for name in _PROJECT["tool"]["setuptools"]["exclude-package-data"]["eegstream"]}


def expected() -> set[str]:
    """Every file that has to be in the wheel, beside its own `.dist-info`."""
    names = {
        path.relative_to(ROOT).as_posix() for package in ("eegstream", "trainer") for path in _files(ROOT / package)
    }
    names |= {f"trainer/configs/{path.relative_to(ROOT / 'configs').as_posix()}" for path in _files(ROOT / "configs")}
    names |= {f"data/share/eegstream/systemd/{path.name}" for path in _files(ROOT / "systemd")}
    return {name for name in names if Path(name).name not in superseded()}


def _files(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts and p.suffix not in _BUILT]


def complaints(wheel: Path) -> list[str]:
    """What is wrong with a wheel, one line each."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        info = next(name.partition("/")[0] for name in names if ".dist-info/" in name)
        about = email.message_from_bytes(archive.read(f"{info}/METADATA"))
        scripts = archive.read(f"{info}/entry_points.txt").decode()
        strangers = _unlisted_bundles(archive)
    held = {re.sub(r"^[^/]+\.data/", "", name) for name in names if not name.startswith(f"{info}/")}
    found = [f"lacks {name}" for name in sorted(expected() - held)]
    kernels = {name for name in held if _KERNELS.fullmatch(name)}
    found += [f"holds {name}, which is not of the package" for name in sorted(held - expected() - kernels)]
    if not kernels:
        found.append(NO_KERNELS)
    if wheel.stat().st_size > _MOST_BYTES:
        found.append(f"has {wheel.stat().st_size} bytes, expected at most {_MOST_BYTES}")
    found += [f"holds {name}, which SHA256SUMS does not list with its digest" for name in sorted(strangers)]
    if f"{info}/licenses/LICENSE" not in names:
        found.append("lacks its licence")
    if about["Version"] != _PROJECT["project"]["version"]:
        found.append(f"is version {about['Version']}, expected {_PROJECT['project']['version']}")
    found += [f"names an address: {key} {value}" for key, value in about.items() if "@" in value and "mail" in key]
    found += [f"lacks the command {name}" for name in _PROJECT["project"]["scripts"] if f"{name} = " not in scripts]
    return found


def _unlisted_bundles(archive: zipfile.ZipFile) -> set[str]:
    """Bundles that the program would refuse, since their digests are not in the list beside them."""
    folder = "eegstream/bundles/"
    names = {name for name in archive.namelist() if name.startswith(folder) and name.endswith(".pt")}
    lines = archive.read(f"{folder}SHA256SUMS").decode().splitlines()
    return {n for n in names if f"{hashlib.sha256(archive.read(n)).hexdigest()}  {n.removeprefix(folder)}" not in lines}


def main() -> int:
    """Check the wheel that is named; 0 if nothing is wrong with it."""
    (wheel,) = map(Path, sys.argv[1:])
    found = complaints(wheel)
    lines = [f"{wheel.name} {line}" for line in found] or [f"{wheel}: {wheel.stat().st_size / 1e6:.1f} MB, complete"]
    sys.stdout.write("\n".join(lines) + "\n")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
