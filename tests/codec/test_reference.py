"""docs/reference/bundle.md and the program say the same."""

import dataclasses

import pytest
from pydantic import BaseModel

from eegstream.codec import engine, verification
from eegstream.codec.bundle import MIN_GOLDEN, Golden
from eegstream.codec.manifest import FrontEndManifest, Manifest
from tests.identity_bundle import manifest
from tests.markdown import REFERENCE, section, tables, words

PAGE = (REFERENCE / "bundle.md").read_text(encoding="utf-8")
KEYS, FRONTEND_KEYS = tables(section(PAGE, "## manifest.json"))


def _names(rows: list[dict[str, str]], column: str) -> list[str]:
    return [words(row[column])[0] for row in rows]


@pytest.mark.parametrize(("rows", "model"), [(KEYS, Manifest), (FRONTEND_KEYS, FrontEndManifest)])
def test_the_manifest_has_the_keys_of_the_page(rows: list[dict[str, str]], model: type[BaseModel]) -> None:
    """Every key stands in the table, and every row is a key."""
    assert sorted(_names(rows, "key")) == sorted(model.model_fields)


def test_every_key_is_required_and_no_other_is_allowed() -> None:
    """As the page says."""
    for model in (Manifest, FrontEndManifest):
        assert all(field.is_required() for field in model.model_fields.values())
        assert model.model_config["extra"] == "forbid"


@pytest.mark.parametrize("row", KEYS + FRONTEND_KEYS, ids=lambda row: words(row["key"])[0])
def test_keys_have_the_types_of_the_page(row: dict[str, str]) -> None:
    """The values of a real manifest are of the JSON type that the table names."""
    types = {
        "int": int,
        "str": str,
        "bool": bool,
        "object": dict,
        "float": (int, float),
        "float or null": (int, float, type(None)),
        "[int]": list,
        "[str]": list,
        "[float]": list,
    }
    description = manifest()
    key = words(row["key"])[0]
    value = description["frontend"][key] if row in FRONTEND_KEYS else description[key]
    assert isinstance(value, types[row["type"]])


def test_the_golden_arrays_are_those_of_the_page() -> None:
    """Names in order, and the least number of patches."""
    (rows,) = tables(section(PAGE, "## golden.npz"))
    assert _names(rows, "array") == [field.name for field in dataclasses.fields(Golden)]
    assert f"K at least {MIN_GOLDEN}" in rows[0]["holds"]


def test_the_numbers_of_the_page_are_the_engine_s() -> None:
    """Tiles and tolerances are written once in the code and once on the page."""
    tiles = section(PAGE, "## Tiles")
    assert f"{engine.CPU_TILE} on the CPU, {engine.CUDA_TILE} on CUDA" in tiles
    text = section(PAGE, "## Verification")
    assert f"{verification.GOLDEN_AGREEMENT:.1%}".replace("%", " %") in text
    assert f"at most {verification.GOLDEN_DECODE_ERROR:g} of" in text


def test_the_methods_of_the_page_are_those_that_are_called() -> None:
    """Encode, decode, and the one that only some bundles have."""
    (rows,) = tables(section(PAGE, "## Methods"))
    assert _names(rows, "method") == ["encode", "decode", "decode_spectrum"]
