"""Choose the reader of a file by its first bytes."""

from collections.abc import Callable
from pathlib import Path

from eegstream.files import (
    ant,
    brainvision,
    delimited,
    edf,
    edf_header,
    egi_raw,
    gdf,
    mne_formats,
    nicolet,
    persyst,
    xdf,
)
from eegstream.files.companions import read_folder, refuse_by_name
from eegstream.files.file_bytes import FileBytes, whole
from eegstream.files.signals import Signals, with_rate

_Begins = Callable[[bytes], bool]
_Reader = Callable[[FileBytes, Path, float | None], list[Signals]]

_BEGINNING_BYTES = 4096


_READERS: tuple[tuple[_Begins, _Reader], ...] = (
    (edf_header.looks_like_edf, lambda content, path, rate_hz: edf.read_edf(content, path.name, rate_hz)),
    (lambda content: content.startswith(gdf.MAGIC), lambda content, path, _: gdf.read_gdf(whole(content), path.name)),
    (lambda content: content.startswith(xdf.MAGIC), lambda _, path, rate_hz: xdf.read_xdf(path, rate_hz)),
    (brainvision.looks_like_brainvision, lambda content, path, _: brainvision.read_brainvision(whole(content), path)),
    (lambda content: content.startswith(mne_formats.FIF_MAGIC), lambda _, path, __: mne_formats.read_fif(path)),
    (
        lambda content: content.startswith(mne_formats.MATLAB_MAGICS),
        lambda content, path, _: mne_formats.read_eeglab(content.read(0, _BEGINNING_BYTES), path),
    ),
    (ant.looks_like_ant, lambda content, path, _: ant.read_ant(whole(content), path)),
    (
        lambda content: content.startswith(mne_formats.NEUROSCAN_MAGIC),
        lambda _, path, __: mne_formats.read_neuroscan(path),
    ),
    (egi_raw.looks_like_egi, lambda content, path, _: egi_raw.read_egi_raw(whole(content), path.name)),
    (mne_formats.looks_like_nihon, lambda _, path, __: mne_formats.read_nihon(path)),
    (persyst.looks_like_persyst, lambda content, path, _: persyst.read_persyst(whole(content), path)),
)


def read_signals(content: FileBytes, path: Path, rate_hz: float | None) -> list[Signals]:
    """The streams in `content`, the bytes of the file at `path`; the name decides only if the content does not.

    A folder has no bytes. If a file holds one stream, `rate_hz` overrides its stated rate. If it holds several, the
    caller must know which one `rate_hz` is meant for.
    """
    if path.is_dir():
        streams = read_folder(path)
    else:
        beginning = content.read(0, _BEGINNING_BYTES)
        streams = next((read(content, path, rate_hz) for begins, read in _READERS if begins(beginning)), [])
    if not streams and (head := nicolet.head_beside(path)):
        streams = nicolet.read_nicolet(whole(content), head)
    if streams:
        return [with_rate(streams[0], rate_hz)] if len(streams) == 1 else streams
    refuse_by_name(path)
    return delimited.read_delimited(whole(content), path.name, rate_hz)
