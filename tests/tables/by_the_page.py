"""Check a table row by row, with pyarrow and what docs/reference/tables.md says; nothing of eegstream is used."""

import hashlib
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.markdown import REFERENCE, section, tables, words

PAGE = (REFERENCE / "tables.md").read_text(encoding="utf-8")
COLUMNS = tables(section(PAGE, "## Rows"))[0]
FACTS = tables(section(PAGE, "## The file's facts"))[0]


def check_file(path: Path) -> int:
    """Hold every row of a file to the page; the number of rows."""
    schema = pq.read_schema(path)
    facts = json.loads(schema.metadata[b"eegstream"])
    assert list(facts) == [words(row["field"])[0] for row in FACTS]
    assert facts["schema_version"] == 1
    for row in FACTS:
        assert row["null"] == "yes" or facts[words(row["field"])[0]] is not None
    assert schema.names == [words(row["column"])[0] for row in COLUMNS]
    for row in COLUMNS:
        assert _type_name(schema.field(words(row["column"])[0]).type) == row["type"].replace(
            "[G]", f"[{len(facts['words'])}]"
        )
    never_null = [words(row["column"])[0] for row in COLUMNS if row["null"] == "no"]
    places = []
    rows = pq.read_table(path).to_pylist()
    for row in rows:
        assert all(row[name] is not None for name in never_null)
        _check_row(row, facts)
        places.append((row["recording"], row["segment"], row["first"], row["channel"]))
    assert places == sorted(places)
    _check_stretches(rows)
    return len(rows)


def _type_name(kind: pa.DataType) -> str:
    if pa.types.is_dictionary(kind):
        return f"dictionary<{kind.value_type}>"
    if pa.types.is_fixed_size_list(kind):
        return f"fixed_size_list<{kind.value_type}>[{kind.list_size}]"
    return f"list<{_type_name(kind.value_type)}>" if pa.types.is_list(kind) else str(kind)


def _check_row(row: dict, facts: dict) -> None:
    n = row["n_patches"]
    assert 1 <= n <= 600
    assert len(row["codes"]) == len(row["flags"]) == n
    assert row["t"] is None or len(row["t"]) == n
    assert all(0 <= code < size for patch in row["codes"] for code, size in zip(patch, facts["words"], strict=True))
    assert row["segment"] >= 0
    assert row["first"] >= 0
    rate_hz = facts["frontend"]["model_rate_hz"] or row["rate_hz"]
    assert row["patch_s"] == facts["hop"] / rate_hz
    even = [row["t0"] + number * row["patch_s"] for number in range(n)]
    times = row["t"] or even
    assert times[0] == row["t0"]
    assert times == sorted(times)
    assert row["t"] is None or any(abs(a - b) > 1e-6 for a, b in zip(times, even, strict=True))
    end = times[-1] + facts["patch"] / rate_hz
    for event in row["events"]:
        assert event["t"] < end
        assert event["t"] >= row["t0"] or event["t"] + event["duration"] > row["t0"]


def _check_stretches(rows: list[dict]) -> None:
    """All channels of a stretch agree in everything but codes and flags; stretches of a segment do not overlap."""
    first_of: dict[tuple, dict] = {}
    for row in rows:
        place = (row["recording"], row["segment"], row["first"])
        shared = {key: value for key, value in row.items() if key not in {"codes", "flags", "channel"}}
        assert first_of.setdefault(place, shared) == shared
    ends: dict[tuple, int] = {}
    for (recording, segment, first), row in first_of.items():
        assert ends.get((recording, segment), 0) <= first
        ends[recording, segment] = first + row["n_patches"]


def split_by_the_page(dataset: str | None, subject: str | None, recording: str) -> str:
    """The split of a row."""
    digest = hashlib.sha256((dataset or "").encode() + b"\0" + (subject or recording).encode()).digest()
    tenth = int.from_bytes(digest[:8], "big") % 10
    return "train" if tenth < 8 else "validation" if tenth == 8 else "test"
