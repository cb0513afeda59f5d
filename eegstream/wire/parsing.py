"""Read payloads of the wire, also those of later versions."""

from typing import Annotated, Any, get_args

import msgpack
from pydantic import Field, TypeAdapter, ValidationError

from eegstream.errors import EegstreamError
from eegstream.wire.messages import WIRE_VERSION, Message, Unknown

MAX_PAYLOAD_BYTES = 64 * 1024 * 1024
KINDS: tuple[str, ...] = tuple(kind.model_fields["kind"].default for kind in get_args(Message))
_MESSAGE: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="kind")])
_UNKNOWN = TypeAdapter(Unknown)
_LONGEST_SHOWN = 160


class WireError(EegstreamError):
    """A payload is not a message of this wire version."""


def parse(payload: bytes) -> Message | Unknown:
    """Read one payload; fields that are not known are left out, a kind that is not known comes as `Unknown`.

    Raises:
        WireError: it is too long, not a msgpack map or of another wire version, or a field is missing or wrong.
    """
    content = _unpacked(payload)
    version = content.get("v")
    if type(version) is not int or version != WIRE_VERSION:
        raise WireError(
            f"a message has wire version {_shown(version)}, expected {WIRE_VERSION}",
            "Use a client of the daemon's version",
        )
    kind = content.get("kind")
    try:
        if kind in KINDS:
            return _MESSAGE.validate_python(content, strict=True)
        return _UNKNOWN.validate_python(content, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise WireError(f"a {_shown(kind)} message has a wrong field {_shown(where)}: {_shown(first['msg'])}") from None


def _unpacked(payload: bytes) -> dict[Any, Any]:
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise WireError(f"a payload has {len(payload)} bytes, expected at most {MAX_PAYLOAD_BYTES}")
    try:
        content: Any = msgpack.unpackb(payload, use_list=False)
    except (ValueError, msgpack.UnpackException) as error:
        reason = str(error) or type(error).__name__
        raise WireError(f"a payload is not msgpack ({reason})", "Check what publishes at this address") from None
    if not isinstance(content, dict):
        raise WireError(f"a payload is a {type(content).__name__}, expected a map")
    return content


def _shown(value: object) -> str:
    """A value as a short text on one line."""
    text = value if isinstance(value, str) and value.isprintable() else repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
