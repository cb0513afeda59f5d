"""Tell by a file's first bytes which reader it needs."""

from pathlib import Path

from eegstream.errors import RecordingError
from eegstream.files.edf import read_edf
from eegstream.files.edf_header import looks_like_edf
from eegstream.files.signals import Signals


def read_signals(content: bytes, path: Path, rate_hz: float | None) -> Signals:
    """The channels in `content`, the unpacked bytes of the file at `path`."""
    name = path.name
    if looks_like_edf(content):
        return read_edf(content, name, rate_hz)
    raise RecordingError(f"{name} is no recording of a known format", remedy="Give EDF, BDF, GDF, ...")
