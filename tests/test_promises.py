"""Each promise names a test that is there."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
PAGE = REPOSITORY / "docs" / "explanation" / "promises.md"


def test_every_promise_has_its_test() -> None:
    """A file of tests, or one test in it; each row names one, or is like the row before."""
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if re.match(r"\| (?!promise|-)", line)]
    assert len(rows) > 25
    for row in rows:
        named = row.rstrip("| ").rpartition("|")[2]
        if "the same" in named:
            continue
        found = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", named)
        assert found, row
        for path, name in found:
            text = (REPOSITORY / path).read_text(encoding="utf-8")
            assert f"def {name or 'test_'}" in text, f"{path}::{name}"
