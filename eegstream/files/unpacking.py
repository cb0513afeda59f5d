"""Unpack gzip files; what a small file may grow to is limited."""

import zlib
from collections.abc import Iterator
from pathlib import Path

from eegstream.errors import RecordingError

GZIP_MAGIC = b"\x1f\x8b"
_MOST_BYTES = 4 << 30
_MOST_RATIO = 200
"""Recordings pack to a half or a tenth; text of flat channels to a hundredth. Only files made to fill a memory go to a
thousandth."""
_ALWAYS_ALLOWED_BYTES = 64 << 20
_STEP_BYTES = 1 << 20
_PACKED_STEP_BYTES = 1 << 16
_MIB = 1 << 20


def unpacked_name(path: Path) -> str:
    """Name of the file inside a gzip file: rec.xdf for rec.xdf.gz and for rec.xdfz."""
    if path.suffix.lower() == ".gz":
        return path.stem
    return f"{path.stem}.xdf" if path.suffix.lower() == ".xdfz" else path.name


def unpack(content: bytes, name: str, folder: Path) -> Path:
    """Unpack the bytes of the gzip file `name` into a file in `folder`; memory does not grow with what is inside.

    Raises:
        RecordingError: the file is damaged, empty or too large inside.
    """
    inside = folder / unpacked_name(Path(name))
    allowed = min(_MOST_BYTES, max(_ALWAYS_ALLOWED_BYTES, _MOST_RATIO * len(content)))
    size = 0
    try:
        with inside.open("wb") as file:
            for part in _parts(content, name):
                size += len(part)
                if size > allowed:
                    raise RecordingError(
                        f"{name} has {len(content)} bytes and unpacks to more than {allowed / _MIB:.0f} MiB, "
                        f"expected at most {_MOST_RATIO} times its size and {_MOST_BYTES / _MIB:.0f} MiB",
                        "If you trust the file, unpack it with gunzip and give the unpacked file",
                    )
                file.write(part)
    except OSError as error:
        raise RecordingError(
            f"{name} cannot be unpacked into {folder} ({error.strerror})", "Make space there, or set TMPDIR"
        ) from None
    if not size:
        raise RecordingError(f"{name} is a gzip file of 0 bytes, expected a recording", "Get the file again")
    return inside


def _parts(content: bytes, name: str) -> Iterator[bytes]:
    """The unpacked bytes in steps; a gzip file may have several members, one after the other."""
    at = 0
    while content.startswith(GZIP_MAGIC, at):
        unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        while not unpacker.eof:
            packed = content[at : at + _PACKED_STEP_BYTES]
            at += len(packed)
            try:
                part = unpacker.decompress(packed, _STEP_BYTES)
                if not part and not packed and not unpacker.eof:
                    raise RecordingError(f"{name} is a gzip file that ends too early", "Get the file again")
                yield part
                while unpacker.unconsumed_tail:
                    yield unpacker.decompress(unpacker.unconsumed_tail, _STEP_BYTES)
            except zlib.error:
                raise RecordingError(f"{name} is a damaged gzip file", "Get the file again") from None
        at -= len(unpacker.unused_data)
