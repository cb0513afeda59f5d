"""Keep the messages of a codes file that fit the spec of their epoch."""

import numpy as np

from eegstream.files.codes_reading import CodesReader
from eegstream.files.damage import Damage, DamageLog
from eegstream.wire.messages import Codes, Message, Spec

_MOST_PATCHES = 2**53
"""No segment has so many patches: a larger number is damage."""


def usable_messages(reader: CodesReader) -> tuple[list[Message], tuple[Damage, ...]]:
    """The messages that segments can be made of, and all damage of the file.

    Codes without their spec are left out only if the file is damaged; in other files they are an error, which
    `collect_segments` raises.
    """
    located = list(reader.located())
    log = DamageLog(reader.damage)
    specs: dict[tuple[str, str, int], Spec] = {}
    for message in (item.item for item in located):
        if isinstance(message, Spec):
            specs.setdefault((message.run, message.stream, message.epoch), message)
    usable: list[Message] = []
    is_damaged = bool(log)
    for item in located:
        message = item.item
        what = ""
        if isinstance(message, Codes):
            spec = specs.get((message.run, message.stream, message.epoch))
            what = _misfit(message, spec) if spec else "codes without their spec" if is_damaged else ""
        if not what:
            usable.append(message)
        elif isinstance(message, Codes):
            what = f"{what}; they were left out"
            log.add(Damage(what, item.start, item.end, message.stream, message.seq, message.seq), grows=True)
    return usable, tuple(log)


def _misfit(codes: Codes, spec: Spec) -> str:
    """In what the codes contradict their spec; "" if in nothing."""
    if codes.shape[1:] != (len(spec.channels), len(spec.words)):
        return f"codes of {codes.shape[1]} channels x {codes.shape[2]}, expected those of the spec"
    if codes.first + codes.shape[0] > _MOST_PATCHES:
        return "codes of an impossible patch number"
    if np.any(codes.array >= np.array(spec.words)):
        return "codes larger than the spec's codebooks"
    return ""
