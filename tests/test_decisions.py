"""The decision records are complete and numbered."""

import re

import pytest

from tests.markdown import ROOT, tables

FOLDER = ROOT / "docs" / "decisions"
RECORDS = sorted(FOLDER.glob("[0-9]*.md"))
HEADINGS = ["## Context", "## Decision", "## Which goal loses", "## Consequences"]


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_a_record_says_what_was_decided_and_at_which_cost(path) -> None:  # type: ignore[no-untyped-def]
    """Each has the four parts in order, perhaps others among them, under a title that begins with its number."""
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith(f"# {path.name[:4]} ")
    assert [line for line in lines if line in HEADINGS] == HEADINGS


def test_the_list_of_records_is_complete() -> None:
    """Numbers have no hole, and each record is listed with its title."""
    assert [path.name[:4] for path in RECORDS] == [f"{number:04}" for number in range(1, len(RECORDS) + 1)]
    (rows,) = tables((FOLDER / "README.md").read_text(encoding="utf-8"))
    listed = {re.search(r"\((.*)\)", row["number"])[1]: row["decision"] for row in rows}  # type: ignore[index]
    assert listed == {path.name: path.read_text(encoding="utf-8").splitlines()[0][7:] for path in RECORDS}
