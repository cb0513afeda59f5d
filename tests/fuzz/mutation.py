"""Break bytes and values, at random but repeatably."""

import random
from typing import Any

import msgpack

_WORDS = (0, 1, 127, 128, 255, 256, 65535, 65536, 2**31 - 1, 2**31, 2**32, 2**63 - 1)
_ODD: tuple[Any, ...] = (
    None, True, -1, 0, 2**63 - 1, -(2**63), 0.0, float("nan"), float("inf"), "", "\0", "²", "\ud7ff", "x" * 5000, b"",
    b"\xff" * 70_000, (), {}, [[[[]]]], {"v": 1},
)  # fmt: skip


def broken_bytes(rng: random.Random, whole: bytes) -> bytes:
    """Up to four bits, bytes, numbers or pieces of `whole` are changed, cut, doubled or swapped."""
    data = bytearray(whole)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        other = rng.randrange(len(data) + 1)
        first, last = min(at, other), max(at, other)
        match rng.randrange(7):
            case 0 if at < len(data):
                data[at] ^= 1 << rng.randrange(8)
            case 1 if at < len(data):
                data[at] = rng.randrange(256)
            case 2:
                number = rng.choice(_WORDS).to_bytes(8, rng.choice(("little", "big")))[: rng.choice((1, 2, 4, 8))]
                data[at : at + len(number)] = number
            case 3:
                del data[first : min(last, first + rng.choice((1, 8, 1000, 10**9)))]
            case 4:
                data[at:at] = data[first : min(last, first + 4096)]
            case 5:
                data[at:at] = rng.randbytes(rng.choice((1, 7, 300)))
            case _:
                del data[at:]
    return bytes(data)


def broken_map(rng: random.Random, whole: dict[str, Any]) -> bytes:
    """A msgpack map in which a field is odd, missing or too many, at any depth; sometimes its bytes are broken too."""
    content = _broken_value(rng, whole)
    try:
        packed: bytes = msgpack.packb(content)
    except (ValueError, OverflowError):
        packed = msgpack.packb(whole)
    return packed if rng.randrange(4) else broken_bytes(rng, packed)


def _broken_value(rng: random.Random, value: Any) -> Any:
    if isinstance(value, dict) and value and rng.randrange(8):
        key = rng.choice(list(value))
        changed = dict(value)
        match rng.randrange(4):
            case 0:
                del changed[key]
            case 1:
                changed[rng.choice(("x", 7, "", key * 2))] = rng.choice(_ODD)
            case _:
                changed[key] = _broken_value(rng, value[key])
        return changed
    if isinstance(value, list | tuple) and value and rng.randrange(4):
        items = list(value)
        at = rng.randrange(len(items))
        items[at] = _broken_value(rng, items[at])
        return items * rng.choice((1, 1, 2, 50))
    return rng.choice(_ODD)
