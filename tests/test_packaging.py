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
