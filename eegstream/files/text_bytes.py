"""Decode the bytes of a text file."""

import codecs

from eegstream.errors import RecordingError

_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def decoded(content: bytes, name: str) -> str:
    """The text of UTF-8, UTF-16 or else Latin-1 bytes; RecordingError if this is not text."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, errors="replace")
    head = content[:1024]
    for zeros, letters, encoding in ((head[1::2], head[::2], "utf-16-le"), (head[::2], head[1::2], "utf-16-be")):
        if zeros and not any(zeros) and all(letters):
            return content.decode(encoding, errors="replace")
    if b"\0" in content[:65536]:
        raise RecordingError(
            f"{name} is not a recording in a known format (unknown binary content)",
            remedy="Give EDF, BDF, GDF, BrainVision (.vhdr), FIF, EEGLAB, XDF, OpenBCI text or CSV",
        )
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")
