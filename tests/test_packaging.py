"""What is installed is what is here."""

import tomllib

from setuptools import find_packages

from tests.markdown import ROOT

SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]


def test_every_package_is_listed() -> None:
    """And the shipped settings travel inside the trainer."""
    here = find_packages(str(ROOT), include=["eegstream*", "trainer*"])
    assert SETUPTOOLS["packages"] == sorted([*here, "trainer.configs"])
    assert SETUPTOOLS["package-dir"] == {"trainer.configs": "configs"}
    assert SETUPTOOLS["package-data"]["trainer.configs"] == ["**/*.yaml"]


def test_what_is_no_program_travels_too() -> None:
    """Every other file of a package is in its package data."""
    for package, patterns in SETUPTOOLS["package-data"].items():
        folder = ROOT / SETUPTOOLS["package-dir"].get(package, package.replace(".", "/"))
        listed = {path for pattern in patterns for path in folder.glob(pattern)}
        assert listed, package
    others = {p for name in ("eegstream", "trainer") for p in (ROOT / name).rglob("*") if p.is_file()}
    others = {p for p in others if p.suffix != ".py" and "__pycache__" not in p.parts}
    packed = {
        p for name in ("eegstream", "trainer") for t in SETUPTOOLS["package-data"][name] for p in (ROOT / name).glob(t)
    }
    assert others == packed
