"""docs/reference/wire.md and the program say the same."""

import ast
import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgpack
import pytest
from pydantic import BaseModel

from eegstream.dsp.flags import PatchFlag
from eegstream.wire.messages import (
    Codes,
    End,
    Event,
    Frontend,
    Gap,
    ModelIdentity,
    Omitted,
    Source,
    Spec,
    State,
    UtcMark,
)
from tests.markdown import REFERENCE, fenced, section, tables, words
from tests.wire.examples import EXAMPLES
from tests.wire.test_messages import GOLDEN

PAGE = (REFERENCE / "wire.md").read_text(encoding="utf-8")
COMMON = [row for table in tables(section(PAGE, "## Fields of every message")) for row in table]
KINDS = {"spec": Spec, "codes": Codes, "gap": Gap, "end": End, "event": Event, "state": State}
PARTS = {"`source`": Source, "`left_out`": Omitted, "`model`": ModelIdentity, "`frontend`": Frontend, "`utc`": UtcMark}
NAMES = {int: "int", float: "float", str: "str", bytes: "bin"}


def _wire_type(annotation: Any) -> tuple[str, str]:
    """How the page writes a Python type: its name, and whether it may be null."""
    if get_origin(annotation) in (Union, types.UnionType):
        # The words of `Literal | str` are of one type.
        (inner,) = {_wire_type(part)[0] for part in get_args(annotation) if part is not type(None)}
        return inner, "yes" if type(None) in get_args(annotation) else "no"
    if get_origin(annotation) is Annotated:
        return _wire_type(get_args(annotation)[0])
    if get_origin(annotation) is Literal:
        return NAMES[type(get_args(annotation)[0])], "no"
    if get_origin(annotation) is tuple:
        return f"[{_wire_type(get_args(annotation)[0])[0]}]", "no"
    if get_origin(annotation) is dict or (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return "map", "no"
    return NAMES[annotation], "no"


def _fields(model: type[BaseModel]) -> dict[str, tuple[str, str]]:
    return {name: _wire_type(field.annotation) for name, field in model.model_fields.items()}


def _promised(rows: list[dict[str, str]]) -> dict[str, tuple[str, str]]:
    assert all(len(words(row["field"])) == 1 for row in rows)
    return {words(row["field"])[0]: (row["type"], row["null"]) for row in rows}


def _part_table(name: str) -> list[dict[str, str]]:
    """The table of a map inside `spec`: the first one behind the line that begins with its name."""
    text = section(PAGE, "## spec")
    lines = [line.removeprefix("Each entry of ") for line in text.splitlines()]
    start = next(number for number, line in enumerate(lines) if line.startswith(name))
    return tables("\n".join(lines[start:]))[0]


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_fields_of_each_kind_are_those_of_the_page(kind: str) -> None:
    """Every field of a message stands in its table with type and nullability, and every row is a field."""
    common = COMMON if kind != "state" else [row for row in COMMON if row["field"] != "`seq`"]
    assert _promised(common + tables(section(PAGE, f"## {kind}"))[0]) == _fields(KINDS[kind])


@pytest.mark.parametrize("part", list(PARTS))
def test_the_maps_inside_spec_are_those_of_the_page(part: str) -> None:
    """The same holds for the maps inside `spec`."""
    assert _promised(_part_table(part)) == _fields(PARTS[part])


@pytest.mark.parametrize(
    ("heading", "column", "model", "field"),
    [
        ("## gap", "reason", Gap, "reason"),
        ("## end", "reason", End, "reason"),
        ("## state", "status", State, "status"),
    ],
)
def test_the_values_of_reasons_and_states_are_those_of_the_page(
    heading: str, column: str, model: type[BaseModel], field: str
) -> None:
    """Each word that a message may use is explained, and no other one."""
    explained = [words(row[column])[0] for row in tables(section(PAGE, heading))[1]]
    known, text = get_args(model.model_fields[field].annotation)
    assert sorted(explained) == sorted(get_args(known))
    assert text is str, "a later version may have more words"


def test_the_flags_are_those_of_the_page() -> None:
    """Each flag's number stands in the table."""
    (rows,) = [table for table in tables(section(PAGE, "## codes")) if "flag" in table[0]]
    assert [int(row["flag"]) for row in rows] == [int(flag) for flag in PatchFlag]


@pytest.mark.parametrize("kind", list(EXAMPLES))
def test_the_examples_on_the_page_are_real(kind: str) -> None:
    """The bytes on the page are the agreed ones, and the literal above them is what they hold."""
    text = section(PAGE, f"### {kind}: topic `{EXAMPLES[kind].topic}`")
    (literal,), (digits,) = fenced(text, "python"), fenced(text, "hex")
    assert "".join(digits.split()) == GOLDEN[kind]
    assert ast.literal_eval(literal) == msgpack.unpackb(bytes.fromhex(GOLDEN[kind]))
