"""The documentation holds together, and speaks of this project alone."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.markdown import ROOT

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
PROJECT = [
    ROOT / name
    for name in (
        "CITATION.cff",
        "Makefile",
        "pyproject.toml",
        ".ci/run",
        ".pre-commit-config.yaml",
        ".github/workflows/ci.yml",
    )
]
SOURCES = ("eegstream", "trainer", "configs")
TEXTS = [*PAGES, *PROJECT, *sorted((ROOT / "systemd").iterdir())]


def _anchors(page: Path) -> set[str]:
    """The names that a page's headings have on a code host."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Each link within the project names a file that is there, and a heading in it."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        top = ROOT / file.relative_to(ROOT).parts[0]
        if top.name in SOURCES and not top.exists():
            continue  # what is installed is tested, with the sources out of the way
        assert file.exists(), target
        assert not anchor or anchor in _anchors(file), target


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_names_a_machine_or_a_registry(page: Path) -> None:
    """Paths of somebody's machine and the hosts of package registries have no place here."""
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"(?<![\w.])/(?:work|root|home|Users)/", text)
    assert not re.search(r"pypi\.org|pythonhosted|download\.pytorch|anaconda\.org", text)


def test_the_changelog_knows_the_version() -> None:
    """The version of the package has its entry, or is the one that comes next."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{version}]" in text or f"Becomes {version}" in text
