"""The messages of the wire: to bytes and back, sizes, and what is no message."""

import re
from typing import Any

import hypothesis.strategies as st
import msgpack
import numpy as np
import pytest
from hypothesis import given, settings

from eegstream.wire.messages import (
    Codes,
    End,
    Event,
    Frontend,
    Gap,
    Message,
    ModelIdentity,
    Omitted,
    Source,
    Spec,
    State,
    UtcMark,
)
from eegstream.wire.parsing import MAX_PAYLOAD_BYTES, WireError, parse
from tests.wire.examples import CODES, EXAMPLES, STATE

GOLDEN = {
    "spec": (
        "de0017a17601a46b696e64a473706563a673747265616dad6d7573652d322d356431316261a372756eb0356630633164"
        "32653361346235393638a565706f636800a373657100a6736f7572636588a46e616d65a64d7573652032a474797065a3"
        "454547a9736f757263655f6964a96d7573652d30633166a3756964d92432623963366431652d336335352d346330662d"
        "396135312d306436663061376534633131a8686f73746e616d65a36c6162aa73657373696f6e5f6964a764656661756c"
        "74a6666f726d6174a7666c6f61743332af6e6f6d696e616c5f726174655f687acb4070000000000000a7726174655f68"
        "7acb4070000000000000a86368616e6e656c7392a3545039a3414637a86c6566745f6f75749182a56c6162656ca95269"
        "67687420415558a3776879d92c697473206c6162656c2073617973204155582c20616c74686f75676820697473207479"
        "706520697320454547aa756e69745f7363616c6592cb3ff0000000000000cb3ff0000000000000a56d6f64656c83a46e"
        "616d65a76578616d706c65a776657273696f6e01a6736861323536d94030303030303030303030303030303030303030"
        "303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030a57061"
        "746368cd0100a3686f70cd0100a5776f72647393ce00010000cd100010ad6d6f64656c5f726174655f687ac0a866726f"
        "6e74656e6483ad6d6f64656c5f726174655f687ac0ab68696768706173735f687acb3fe0000000000000a86e6f746368"
        "5f687acb4049000000000000a764656c61795f73cb0000000000000000a6646576696365a3637075a970726563697369"
        "6f6ea7666c6f61743332a5746f726368aa322e31332e302b637075a375746382a369736fbd323032362d31312d323354"
        "32313a33303a30302e3030302b30303a3030a5636c6f636bcb40b2674000000000a56e6f74657392d9226e6f20756e69"
        "74207374617465643a20755620617373756d656420666f7220414637d92d6e6f74636820617420353020487a20627920"
        "6f7074696f6e2c207468652062756e646c6520686173204e6f6e65"
    ),
    "codes": (
        "de0010a17601a46b696e64a5636f646573a673747265616dad6d7573652d322d356431316261a372756eb03566306331"
        "6432653361346235393638a565706f636800a373657101a77365676d656e7400a5666972737400a57368617065930102"
        "03a56474797065a33c7532a5636f646573c40c0100ff0f0f00ffff00000700a5666c616773c4021011a17491cb40b266"
        "8000000000ac636c6f636b5f6f6666736574cbbf30624dd2f1a9fcab636c6f636b5f6572726f72cb3f1a36e2eb1c432d"
        "a761727269766564cb40b2678000000000"
    ),
    "gap": (
        "8fa17601a46b696e64a3676170a673747265616dad6d7573652d322d356431316261a372756eb0356630633164326533"
        "61346235393638a565706f636800a373657102a77365676d656e7400a6745f66726f6dcb40b267c000000000a4745f74"
        "6fcb40b2680000000000a76d697373696e6740a87265636569766564cd0140a964697363617264656440a7656d697474"
        "656401a47461696c40a6726561736f6ea76d697373696e67"
    ),
    "end": (
        "8fa17601a46b696e64a3656e64a673747265616dad6d7573652d322d356431316261a372756eb0356630633164326533"
        "61346235393638a565706f636800a373657103a77365676d656e7401a6745f66726f6dcb40b2684000000000a4745f74"
        "6fc0a76d697373696e67c0a8726563656976656440a964697363617264656440a7656d697474656400a47461696c40a6"
        "726561736f6ea4676f6e65"
    ),
    "event": (
        "8da17601a46b696e64a56576656e74a673747265616dab6b6579732d613233343965a372756eb0356630633164326533"
        "61346235393638a565706f636800a373657100a174cb40b2671000000000ac636c6f636b5f6f6666736574cbbf30624d"
        "d2f1a9fcab636c6f636b5f6572726f72cb3f1a36e2eb1c432da86475726174696f6ec0a56c6162656cad5374696d756c"
        "75732f53202037a576616c7565cb401c000000000000a6736f7572636588a46e616d65a46b657973a474797065a74d61"
        "726b657273a9736f757263655f6964a66b6579732d31a3756964d92437643065336135322d396331622d346636642d38"
        "6137372d353162306332643365346635a8686f73746e616d65a36c6162aa73657373696f6e5f6964a764656661756c74"
        "a6666f726d6174a6737472696e67af6e6f6d696e616c5f726174655f687acb0000000000000000"
    ),
    "state": (
        "de0011a17601a46b696e64a57374617465a673747265616dad6d7573652d322d356431316261a372756eb03566306331"
        "6432653361346235393638a565706f636800a86c6173745f73657103a6737461747573a46c6f7374a3776879d9207468"
        "65206f75746c657420636c6f7365642069747320636f6e6e656374696f6ea87265636569766564cd0180a7656e636f64"
        "656402a56c61675f73cb3f689374bc6a7efaa764726f7070656400a77365676d656e74c0a174cb40b2690000000000b0"
        "726174655f6d656173757265645f687acb4070000000000000a772656d61726b7390ab6d61696e735f7368617265c0"
    ),
}

FIRST = {
    "spec": (
        "de0017a17601a46b696e64a473706563a673747265616dad6d7573652d322d356431316261a372756eb0356630633164"
        "32653361346235393638a565706f636800a373657100a6736f7572636587a46e616d65a64d7573652032a474797065a3"
        "454547a9736f757263655f6964a96d7573652d30633166a3756964d92432623963366431652d336335352d346330662d"
        "396135312d306436663061376534633131a8686f73746e616d65a36c6162aa73657373696f6e5f6964a764656661756c"
        "74a6666f726d6174a7666c6f61743332a7726174655f687acb4070000000000000a86368616e6e656c7392a3545039a3"
        "414637a86c6566745f6f75749182a56c6162656ca9526967687420415558a3776879a87479706520415558aa756e6974"
        "5f7363616c6592cb3ff0000000000000cb3ff0000000000000a56d6f64656c83a46e616d65a76578616d706c65a77665"
        "7273696f6e01a6736861323536d940303030303030303030303030303030303030303030303030303030303030303030"
        "30303030303030303030303030303030303030303030303030303030303030a57061746368cd0100a3686f70cd0100a5"
        "776f72647393ce00010000cd100010ad6d6f64656c5f726174655f687ac0a866726f6e74656e6483ad6d6f64656c5f72"
        "6174655f687ac0ab68696768706173735f687acb3fe0000000000000a86e6f7463685f687acb4049000000000000a764"
        "656c61795f73cb0000000000000000a6646576696365a3637075a9707265636973696f6ea7666c6f61743332a5746f72"
        "6368aa322e31332e302b637075a375746382a369736fbd323032362d31312d32335432313a33303a30302e3030302b30"
        "303a3030a5636c6f636bcb40b2674000000000a56e6f74657392d9226e6f20756e6974207374617465643a2075562061"
        "7373756d656420666f7220414637d92d6e6f74636820617420353020487a206279206f7074696f6e2c20746865206275"
        "6e646c6520686173204e6f6e65"
    ),
    "state": (
        "8fa17601a46b696e64a57374617465a673747265616dad6d7573652d322d356431316261a372756eb035663063316432"
        "653361346235393638a565706f636800a86c6173745f73657103a6737461747573a46c6f7374a3776879d92074686520"
        "6f75746c657420636c6f7365642069747320636f6e6e656374696f6ea87265636569766564cd0180a7656e636f646564"
        "02a56c61675f73cb3f689374bc6a7efaa764726f7070656400a77365676d656e74c0a174cb40b2690000000000b07261"
        "74655f6d656173757265645f687acb4070000000000000"
    ),
}
"""The same as daemons wrote them that knew of fewer fields."""
"""The examples' bytes in version 1: whoever changes them makes a new version of the wire."""

_counts = st.integers(0, 2**40)
_finite = st.floats(allow_nan=False, allow_infinity=False)
_texts = st.text(max_size=12)


def _or_null(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


_HEADER = {
    "stream": st.from_regex(r"[a-z0-9_-]{1,20}", fullmatch=True),
    "run": st.text("0123456789abcdef", min_size=16, max_size=16),
    "epoch": _counts,
}
_SEQUENCED = {**_HEADER, "seq": _counts}
_ACCOUNT = {
    **_SEQUENCED,
    "segment": _counts,
    "t_from": _or_null(_finite),
    "t_to": _or_null(_finite),
    "missing": _or_null(_counts),
    "received": _counts,
    "discarded": _counts,
    "emitted": _counts,
    "tail": _counts,
}


@st.composite
def codes_messages(draw: st.DrawFn) -> Codes:
    """Codes of any shape, P, C and G from 0."""
    shape = draw(st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(0, 5)))
    patches, channels, groups = shape
    size = 2 * patches * channels * groups
    return draw(
        st.builds(
            Codes,
            **_SEQUENCED,
            segment=_counts,
            first=_counts,
            shape=st.just(shape),
            codes=st.binary(min_size=size, max_size=size),
            flags=st.binary(min_size=patches * channels, max_size=patches * channels),
            t=st.lists(_finite, min_size=patches, max_size=patches).map(tuple),
            clock_offset=_or_null(_finite),
            clock_error=_or_null(_finite),
            arrived=_finite,
        )
    )


def messages() -> st.SearchStrategy[Message]:
    """Messages of all kinds."""
    source = st.builds(Source, **{**dict.fromkeys(Source.model_fields, _texts), "nominal_rate_hz": _or_null(_finite)})
    spec = st.builds(
        Spec,
        **_SEQUENCED,
        source=source,
        rate_hz=_finite,
        channels=st.lists(_texts, max_size=3).map(tuple),
        left_out=st.lists(st.builds(Omitted, label=_texts, why=_texts), max_size=3).map(tuple),
        unit_scale=st.lists(_finite, max_size=3).map(tuple),
        model=st.builds(ModelIdentity, name=_texts, version=_counts, sha256=_texts),
        patch=_counts,
        hop=_counts,
        words=st.lists(_counts, max_size=3).map(tuple),
        model_rate_hz=_or_null(_finite),
        frontend=st.builds(Frontend, **dict.fromkeys(Frontend.model_fields, _or_null(_finite))),
        delay_s=_finite,
        device=_texts,
        precision=_texts,
        torch=_texts,
        utc=st.builds(UtcMark, iso=_texts, clock=_finite),
        notes=st.lists(_texts, max_size=3).map(tuple),
    )
    gap = st.builds(Gap, **_ACCOUNT, reason=st.sampled_from(["missing", "clock", "stamps", "overflow"]))
    end = st.builds(End, **_ACCOUNT, reason=st.sampled_from(["gone", "replaced", "shutdown"]))
    event = st.builds(
        Event,
        **_SEQUENCED,
        t=_finite,
        clock_offset=_or_null(_finite),
        clock_error=_or_null(_finite),
        duration=_or_null(st.floats(0, 1e9)),
        label=_texts,
        value=_or_null(_finite),
        source=source,
    )
    state = st.builds(
        State,
        **_HEADER,
        last_seq=_or_null(_counts),
        status=st.sampled_from(["live", "stalled", "lost", "refused"]),
        why=_or_null(_texts),
        received=_counts,
        encoded=_counts,
        lag_s=_or_null(_finite),
        dropped=_counts,
        segment=_or_null(_counts),
        t=_finite,
        rate_measured_hz=_or_null(_finite),
    )
    return spec | codes_messages() | gap | end | event | state


@given(messages())
@settings(deadline=None)
def test_a_message_survives_the_way_to_bytes_and_back(message: Message) -> None:
    """What is parsed equals what was sent, in kind and in every field."""
    again = parse(message.to_payload())
    assert type(again) is type(message)
    assert again == message
    assert again.topic == f"{message.stream}/{message.kind}"


@pytest.mark.parametrize("kind", list(EXAMPLES))
def test_the_bytes_of_version_1_stay_as_they_are(kind: str) -> None:
    """Each example is packed into the bytes that were agreed on, and read from them."""
    golden = bytes.fromhex(GOLDEN[kind])
    assert EXAMPLES[kind].to_payload() == golden
    assert parse(golden) == EXAMPLES[kind]


def test_messages_of_the_first_daemons_are_read() -> None:
    """Fields that came later are None or empty where a daemon did not know them."""
    spec, state = (parse(bytes.fromhex(FIRST[kind])) for kind in ("spec", "state"))
    assert isinstance(spec, Spec)
    assert isinstance(state, State)
    assert spec.source.nominal_rate_hz is None
    assert state == STATE.model_copy(update={"remarks": ()})


def test_codes_and_flags_are_arrays_of_the_shape_told() -> None:
    """The binary fields are read in C order, codes as unsigned 16 bit with the little end first."""
    np.testing.assert_array_equal(CODES.array, [[[1, 4095, 15], [65535, 0, 7]]])
    np.testing.assert_array_equal(CODES.flag_array, [[16, 17]])
    assert CODES.array.dtype == "<u2"


def _require_one_clear_line(payload: bytes) -> str:
    with pytest.raises(WireError) as caught:
        parse(payload)
    line = str(caught.value)
    assert line.isprintable(), "one line, nothing that a terminal would act upon"
    assert 10 < len(line) < 500
    return line


@pytest.mark.parametrize("kind", list(EXAMPLES))
def test_a_truncated_payload_is_refused(kind: str) -> None:
    """However much of a message is cut off, one clear line says that it is none."""
    golden = bytes.fromhex(GOLDEN[kind])
    for length in range(len(golden)):
        _require_one_clear_line(golden[:length])


@pytest.mark.parametrize(
    "payload",
    [
        b"\xc1",
        bytes.fromhex(GOLDEN["end"]) + b"\x00",
        msgpack.packb([1, 2]),
        msgpack.packb(None),
        b"\x81\x01\x02",
        b"\x81\xa1\xff\x01",
        b"\x91" * 2000,
        b"\xdd\xff\xff\xff\xff",
        b"\xd6\xff\x00\x00\x00\x01",
    ],
    ids=["reserved", "trailing", "list", "nil", "integer key", "not utf-8", "nested", "endless array", "timestamp"],
)
def test_bytes_that_are_no_message_are_refused(payload: bytes) -> None:
    """Whatever else comes as a payload, one clear line says that it is none."""
    _require_one_clear_line(payload)


@given(st.binary(max_size=200))
def test_noise_is_refused(payload: bytes) -> None:
    """Random bytes never raise anything but WireError."""
    _require_one_clear_line(payload)


def test_a_payload_beyond_the_limit_is_not_even_unpacked() -> None:
    """The length is checked first."""
    assert "at most" in _require_one_clear_line(b"\x00" * (MAX_PAYLOAD_BYTES + 1))


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("spec", "rate_hz", "fast"),
        ("spec", "channels", "TP9"),
        ("spec", "words", [64000, "many"]),
        ("spec", "source", None),
        ("spec", "model", {"name": "example"}),
        ("spec", "utc", []),
        ("codes", "shape", [1, 2]),
        ("codes", "shape", [1, -2, -3]),
        ("codes", "dtype", "<i4"),
        ("codes", "codes", [1, 2, 3]),
        ("codes", "t", None),
        ("codes", "arrived", None),
        ("gap", "reason", None),
        ("gap", "received", None),
        ("end", "reason", 7),
        ("end", "segment", 1.5),
        ("event", "t", None),
        ("event", "t", float("nan")),
        ("event", "duration", -1.0),
        ("event", "value", "7"),
        ("event", "label", 7),
        ("event", "source", {"name": "keys"}),
        ("state", "status", None),
        ("state", "run", "5F0C1D2E3A4B5968"),
        ("state", "run", "5f0c"),
        ("state", "epoch", {}),
    ],
)
def test_a_field_of_a_wrong_type_is_named(kind: str, field: str, value: object) -> None:
    """The line names the kind and the field that does not fit."""
    line = _require_one_clear_line(msgpack.packb({**EXAMPLES[kind].model_dump(), field: value}))
    assert kind in line
    assert re.search(rf"\b{field}\b", line)


@pytest.mark.parametrize("kind", list(EXAMPLES))
def test_every_field_is_required(kind: str) -> None:
    """A message that lacks a field is refused, unless it came later; version and kind have messages of their own."""
    whole = EXAMPLES[kind].model_dump()
    for field in whole.keys() - {"v", "kind", "dtype", "remarks", "mains_share"}:
        line = _require_one_clear_line(msgpack.packb({key: value for key, value in whole.items() if key != field}))
        assert field in line


@pytest.mark.parametrize("version", [None, 0, 2, "1", [1]])
def test_another_version_is_refused(version: object) -> None:
    """The line tells both versions."""
    line = _require_one_clear_line(msgpack.packb({**STATE.model_dump(), "v": version}))
    assert "version" in line
    assert "expected 1" in line


@pytest.mark.parametrize("kind", [None, "", "SPEC", "hello there", 7, [1], {}])
def test_what_cannot_be_a_kind_is_refused(kind: object) -> None:
    """A later version has other words, but words in small letters."""
    _require_one_clear_line(msgpack.packb({**STATE.model_dump(), "kind": kind}))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("codes", b""),
        ("codes", CODES.codes + b"\0"),
        ("codes", CODES.codes[:-2]),
        ("flags", b"\0"),
        ("t", []),
        ("t", [0.0, 1.0]),
        ("shape", [2, 2, 3]),
        ("shape", [1, 3, 2]),
    ],
)
def test_sizes_must_agree_with_the_shape(field: str, value: object) -> None:
    """Codes, flags and times whose sizes are not those of `shape` are refused."""
    line = _require_one_clear_line(msgpack.packb({**CODES.model_dump(), field: value}))
    assert "shape" in line


@pytest.mark.parametrize(("field", "value"), [("kind", "a\nb"), ("kind", "z" * 5000), ("v", "q" * 5000)])
def test_what_came_is_shown_short_and_escaped(field: str, value: object) -> None:
    """A hostile value neither breaks the line nor floods it."""
    _require_one_clear_line(msgpack.packb({**STATE.model_dump(), field: value}))


@pytest.mark.parametrize(
    ("field", "value"),
    [("epoch", "3"), ("epoch", True), ("epoch", -4), ("t", "1.5"), ("stream", b"abc"), ("v", True), ("v", 1.0)],
)
def test_no_type_is_converted_into_another(field: str, value: object) -> None:
    """Text is no number, a truth value no count, bytes no text, and counts are not negative."""
    _require_one_clear_line(msgpack.packb({**STATE.model_dump(), field: value}))
