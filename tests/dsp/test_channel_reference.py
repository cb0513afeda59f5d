"""docs/reference/channels.md and the program say the same."""

import math

import pytest

from eegstream.dsp.channel_words import NOT_EEG
from eegstream.dsp.channels import channel_type
from eegstream.dsp.units import OTHER_UNITS, RAW_UNITS, VOLTAGES, unit_scale
from tests.markdown import REFERENCE, section, tables, words

PAGE = (REFERENCE / "channels.md").read_text(encoding="utf-8")
WORD_ROWS = tables(section(PAGE, "## Which channels are encoded"))[0]
UNIT_ROWS, OTHER_ROWS, *_ = tables(section(PAGE, "## Units"))


def test_the_word_table_is_that_of_the_page() -> None:
    """Every type with its words and where they count, no more and no fewer."""
    listed = {
        words(row["type"])[0]: tuple("|".join(words(row[where])) for where in ("at the start", "whole", "anywhere"))
        for row in WORD_ROWS
    }
    assert listed == {kind: (row.begins, row.whole, row.anywhere) for kind, row in NOT_EEG.items()}


@pytest.mark.parametrize(
    ("label", "is_eeg"),
    [
        ("EEG Fpz-Cz", True),
        ("Fc5.", True),
        ("C3A2", True),
        ("C4-ECG", True),
        ("EEG ECG-Ref", False),
        ("VEOGo", False),
        ("LOC", False),
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
    """Every voltage has its factor, and every other known unit its quantity."""
    listed = {unit: float(row["factor to µV"]) for row in UNIT_ROWS for unit in words(row["unit"])}
    assert {unit: unit_scale(unit) for unit in listed} == pytest.approx(listed)
    assert {unit.lower() for unit in listed} == set(VOLTAGES)
    assert all(math.isfinite(factor) for factor in listed.values())
    assert {unit: row["quantity"] for row in OTHER_ROWS for unit in words(row["units"])} == OTHER_UNITS
    (paragraph,) = [line for line in PAGE.splitlines() if line.startswith("These texts count as no stated unit")]
    assert {*words(paragraph), ""} == RAW_UNITS
