"""Read what the reference pages promise, so that tests can hold the code to it."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "reference"


def section(text: str, heading: str) -> str:
    """The text under the line `heading`, up to the next heading of the same or a higher level."""
    level = len(heading) - len(heading.lstrip("#"))
    lines = text.splitlines()
    start = lines.index(heading) + 1
    fenced = False
    for stop, line in enumerate(lines[start:], start):
        fenced ^= line.startswith("```")
        if not fenced and re.match(rf"#{{1,{level}}} ", line):
            return "\n".join(lines[start:stop])
    return "\n".join(lines[start:])


def tables(text: str) -> list[list[dict[str, str]]]:
    """Every table of `text`: a list of rows, each a map from column heading to cell."""
    found: list[list[dict[str, str]]] = []
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if not re.fullmatch(r"\|(?:\s*:?-+:?\s*\|)+", line):
            continue
        heading = _cells(lines[number - 1])
        rows = []
        for row in lines[number + 1 :]:
            if not row.startswith("|"):
                break
            rows.append(dict(zip(heading, _cells(row), strict=True)))
        found.append(rows)
    return found


def words(cell: str) -> list[str]:
    """What stands in backticks in a cell."""
    return re.findall(r"`([^`]*)`", cell)


def fenced(text: str, language: str) -> list[str]:
    """The code blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def _cells(line: str) -> list[str]:
    return [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
