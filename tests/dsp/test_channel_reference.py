"""docs/reference/channels.md and the program say the same."""

import math

import pytest

from eegstream.dsp.channels import _UNIT_TABLE, NOT_EEG, channel_type, unit_scale
from tests.markdown import REFERENCE, section, tables, words

PAGE = (REFERENCE / "channels.md").read_text(encoding="utf-8")
(WORD_ROWS,) = tables(section(PAGE, "## Which channels are encoded"))
UNIT_ROWS = tables(section(PAGE, "## Units"))[0]


def test_the_word_list_is_that_of_the_page() -> None:
    """Every word with its type, no more and no fewer."""
    listed = {word: words(row["type"])[0] for row in WORD_ROWS for word in words(row["labels that begin with"])}
    assert listed == dict(NOT_EEG)


@pytest.mark.parametrize(
    ("label", "is_eeg"),
    [
        ("EEG Fpz-Cz", True),
        ("Fc5.", True),
        ("C4-ECG", True),
        ("EEG ECG-Ref", False),
        ("VEOGo", False),
        ("Status", False),
        ("Right AUX", False),
        ("AUX_RIGHT", False),
    ],
)
def test_the_examples_of_the_page_hold(label: str, is_eeg: bool) -> None:
    """Each label that the page names stands there, and comes out as it says."""
    assert f"`{label}`" in PAGE
    assert (channel_type(label) == "EEG") is is_eeg


def test_the_units_are_those_of_the_page() -> None:
    """Every unit of the table has its factor, and no other unit is known."""
    listed = {unit: float(row["factor to µV"]) for row in UNIT_ROWS for unit in words(row["unit"])}
    assert {unit: unit_scale(unit) for unit in listed} == pytest.approx(listed)
    assert {unit.lower() for unit in listed} == set(_UNIT_TABLE)
    assert all(math.isfinite(factor) for factor in listed.values())


def test_the_extensions_are_those_of_the_page() -> None:
    """The names that decide nothing else but which of MNE-Python's readers is asked."""
    from eegstream.files.mne_formats import EXTENSIONS  # noqa: PLC0415 - only this test needs the readers

    formats = tables(section(PAGE, "## Files"))[0]
    (row,) = [row for row in formats if row["format"].startswith("by name")]
    assert set(words(row["format"])) == EXTENSIONS
