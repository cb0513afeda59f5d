"""Whether this commit can be released; `python -m tests.release` says what is missing, and changes nothing."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def version(root: Path = ROOT) -> str:
    """The package's version."""
    stated: str = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return stated


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def complaints(root: Path = ROOT) -> list[str]:
    """What must be done before the release, one line each."""
    found = []
    stated = version(root)
    if _git(root, "status", "--porcelain"):
        found.append("the working tree has changes: commit them, or put them away")
    if not re.fullmatch(r"\d+\.\d+\.\d+", stated):
        found.append(f"pyproject.toml says version {stated}, expected MAJOR.MINOR.PATCH")
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    if not re.search(rf"^## \[{re.escape(stated)}\] - \d{{4}}-\d\d-\d\d$", changelog, re.MULTILINE):
        found.append(f"CHANGELOG.md has no section `## [{stated}] - YEAR-MONTH-DAY`: give [Unreleased] that heading")
    if f"version: {stated}\n" not in (root / "CITATION.cff").read_text(encoding="utf-8"):
        found.append(f"CITATION.cff does not say version {stated}")
    if _git(root, "tag", "--list", f"v{stated}"):
        found.append(f"the tag v{stated} is there already: raise the version in pyproject.toml")
    return found


def main() -> int:
    """Print what is missing, or with `--version` the version; 0 if nothing is."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(version() + "\n")
        return 0
    found = complaints()
    sys.stdout.write("".join(f"not yet: {line}\n" for line in found))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
