"""Whatever comes from outside is read, or refused with an error of its own; a few seconds of `python -m tests.fuzz`."""

import time
from pathlib import Path

import pytest

from tests.fuzz.__main__ import tried
from tests.fuzz.targets import targets

SECONDS = 1.5


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return targets(tmp_path_factory.mktemp("fuzz"))


@pytest.mark.parametrize(
    "name", ["wire", "replay", "codes files", "manifests", "bundles", "tables", "metadata", "configuration"]
)
def test_broken_input_gives_no_surprise(found, name):
    """The seeds are fixed, their number is not: as many as there is time for."""
    end_s = time.monotonic() + SECONDS
    number = 0
    while time.monotonic() < end_s or number < 20:
        assert tried(name, found[name], number) is None
        number += 1


def test_every_target_is_tried(found):
    """A new one is not forgotten."""
    assert set(found) == {
        "wire",
        "replay",
        "codes files",
        "manifests",
        "bundles",
        "tables",
        "metadata",
        "configuration",
    }


def test_a_surprise_is_found(tmp_path: Path):
    """An error that is not the target's own is a finding."""

    def careless(rng):
        bytes([300 + rng.randrange(9)])

    assert "ValueError" in (tried("careless", careless, 0) or "")
