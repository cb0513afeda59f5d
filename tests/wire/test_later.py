"""What a later version of the wire may say, and how readers of this one take it."""

from collections.abc import Iterator
from typing import Any

import msgpack
import pytest
from pydantic import create_model

from eegstream.wire.messages import State, Unknown
from eegstream.wire.parsing import KINDS, WireError, parse
from tests.wire.examples import EXAMPLES, RUN, SPEC, STATE, STREAM

NEWS = {"mood": "sunny", "curve": [1.5, None], "deep": {"er": b"\0\1", "still": [{"so": True}]}}
"""Fields that nobody has heard of yet."""


def video(seq: int | None, **others: Any) -> bytes:
    """A message of a kind that this version does not have."""
    head = {"v": 1, "kind": "video", "stream": STREAM, "run": RUN, "epoch": 0}
    return bytes(msgpack.packb(head | ({} if seq is None else {"seq": seq}) | others))


def grown(value: Any) -> Any:
    """The same with new fields in every map, however deep."""
    if isinstance(value, dict):
        return {**{key: grown(inner) for key, inner in value.items()}, **NEWS}
    return [grown(inner) for inner in value] if isinstance(value, list | tuple) else value


def _maps(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _maps(inner)


@pytest.mark.parametrize("kind", list(EXAMPLES))
def test_fields_that_are_not_known_are_left_out(kind: str) -> None:
    """New fields at every level of every kind change nothing of what is read."""
    later = grown(EXAMPLES[kind].model_dump())
    assert all(NEWS.keys() <= inner.keys() for inner in _maps(later) if inner != NEWS["deep"] and "so" not in inner)
    assert parse(msgpack.packb(later)) == EXAMPLES[kind]


@pytest.mark.parametrize(
    ("kind", "field"),
    [("gap", "reason"), ("end", "reason"), ("state", "status")],
)
def test_a_reason_that_is_not_known_is_kept_as_it_is(kind: str, field: str) -> None:
    """A new word for why a segment ended does not take the ledger away from a reader."""
    message = parse(msgpack.packb({**EXAMPLES[kind].model_dump(), field: "weather"}))
    assert message == EXAMPLES[kind].model_copy(update={field: "weather"})


def test_a_reader_from_before_the_share_of_mains_reads_a_state() -> None:
    """The field is one that it does not know; a reader of today takes a state without it."""
    today = STATE.model_copy(update={"mains_share": {"50": 0.88, "60": None}})
    fields = {key: value for key, value in today.model_dump().items() if key != "mains_share"}
    assert set(State.model_fields) - set(fields) == {"mains_share"}

    known: dict[str, Any] = {name: (State.model_fields[name].annotation, State.model_fields[name]) for name in fields}
    before = create_model("Before", __config__=State.model_config, **known)
    old = before.model_validate(msgpack.unpackb(today.to_payload()))
    assert old.model_dump() == fields
    assert parse(msgpack.packb(fields)) == STATE


def test_a_share_of_mains_at_another_line_is_left_out() -> None:
    """A later daemon may measure more lines, and say more of them."""
    later = STATE.model_dump() | {"mains_share": {"50": 0.25, "60": None, "16.7": 0.5, **NEWS}}
    state = parse(msgpack.packb(later))
    assert isinstance(state, State)
    assert state.mains_share == {"50": 0.25, "60": None}


@pytest.mark.parametrize("seq", [None, 0, 41])
def test_a_kind_that_is_not_known_is_a_message_of_its_own_type(seq: int | None) -> None:
    """It tells its stream, run, epoch and number, and no more."""
    message = parse(video(seq, t=1.0, label="blink", **NEWS))
    assert message == Unknown(kind="video", stream=STREAM, run=RUN, epoch=0, seq=seq)
    assert message.topic == f"{STREAM}/video"


@pytest.mark.parametrize(
    "others", [{"run": None}, {"stream": 3}, {"epoch": -1}, {"seq": "1"}, {"v": 2}, {"kind": "two words"}]
)
def test_a_kind_that_is_not_known_has_the_fields_of_every_message(others: dict[str, Any]) -> None:
    """Otherwise it is no message of this wire at all."""
    with pytest.raises(WireError):
        parse(msgpack.packb(msgpack.unpackb(video(1)) | others))


def test_the_known_kinds_are_those_of_the_examples() -> None:
    """A message of one of them is never passed over: what does not fit is an error."""
    assert list(EXAMPLES) == list(KINDS)
    broken = {**SPEC.model_dump(), "channels": None}
    with pytest.raises(WireError, match="channels"):
        parse(msgpack.packb(broken))
