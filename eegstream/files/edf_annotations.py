"""Read the annotations of EDF+ and BDF+ (EDF+, section 2.2.4).

R records of n bytes of an annotation signal.
"""

import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from eegstream.files.events import FileEvent, labelled

# Onset, perhaps 0x15 and a duration, 0x14, texts that each end in 0x14, and a zero.
_LIST = re.compile(rb"([+-]\d+(?:\.\d*)?)(?:\x15(\d+(?:\.\d*)?))?\x14([^\x00]*)\x14\x00")


def annotations(signals: Sequence[NDArray[np.uint8]]) -> tuple[list[FileEvent], list[str]]:
    """The annotations of all annotation signals, each (R, n) bytes, and remarks; times count from the file's start.

    The empty text at a record's begin tells the record's onset and is no annotation.
    """
    found: list[FileEvent] = []
    unread = 0
    for records in signals:
        for record in records:
            text = record.tobytes()
            found += [event for match in _LIST.finditer(text) for event in _events(match)]
            unread += bool(_LIST.sub(b"", text).strip(b"\0 "))
    remarks = [f"annotations of {unread} records cannot be read"] if unread else []
    return found, remarks


def _events(match: "re.Match[bytes]") -> Iterator[FileEvent]:
    onset_s = float(match[1])
    duration_s = float(match[2]) if match[2] else None
    for text in match[3].split(b"\x14"):
        if text:
            yield labelled(onset_s, duration_s, _decoded(text))


def _decoded(text: bytes) -> str:
    """EDF+ asks for UTF-8; older programs wrote Latin-1."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("latin-1")
