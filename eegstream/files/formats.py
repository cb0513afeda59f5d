"""Tell by a file's first bytes which reader it needs."""

from collections.abc import Callable
from pathlib import Path

from eegstream.errors import RecordingError
from eegstream.files import brainvision, delimited, edf, edf_header, gdf, mne_formats, openbci, xdf
from eegstream.files.signals import Signals

_Begins = Callable[[bytes], bool]
_Reader = Callable[[bytes, Path, float | None], list[Signals]]

_READERS: tuple[tuple[_Begins, _Reader], ...] = (
    (edf_header.looks_like_edf, lambda content, path, rate_hz: edf.read_edf(content, path.name, rate_hz)),
    (lambda content: content.startswith(gdf.MAGIC), lambda content, path, _: gdf.read_gdf(content, path.name)),
    (lambda content: content.startswith(xdf.MAGIC), lambda _, path, rate_hz: xdf.read_xdf(path, rate_hz)),
    (brainvision.looks_like_brainvision, lambda content, path, _: brainvision.read_brainvision(content, path)),
    (lambda content: content.startswith(mne_formats.FIF_MAGIC), lambda _, path, __: mne_formats.read_fif(path)),
    (lambda content: content.startswith(mne_formats.MATLAB_MAGICS), lambda _, path, __: mne_formats.read_eeglab(path)),
    (
        lambda content: content.startswith(openbci.MAGIC),
        lambda content, path, rate_hz: openbci.read_openbci(content, path.name, rate_hz),
    ),
)
_HEADER_OF = {".eeg": ".vhdr", ".fdt": ".set"}
"""Samples that make no recording without the file beside them."""


def read_signals(content: bytes, path: Path, rate_hz: float | None) -> list[Signals]:
    """The streams in `content`, the bytes of the file at `path`; its name decides only what nothing else does."""
    for begins, read in _READERS:
        if begins(content):
            return read(content, path, rate_hz)
    header = path.with_suffix(_HEADER_OF.get(path.suffix.lower(), path.suffix))
    if header != path and header.exists():
        raise RecordingError(f"{path.name} holds samples without their header", remedy=f"Give {header.name} beside it")
    if path.suffix.lower() in mne_formats.EXTENSIONS:
        return mne_formats.read_by_name(path)
    return delimited.read_delimited(content, path.name, rate_hz)
