"""Refuse paths that are only a part of a recording, or a format that is not supported, and name the right file."""

from pathlib import Path

from eegstream.errors import RecordingError
from eegstream.files.mne_formats import read_mff
from eegstream.files.signals import Signals

_HEADER_OF = {
    ".eeg": (".vhdr", ".ahdr"),
    ".avg": (".vhdr", ".ahdr"),
    ".seg": (".vhdr", ".ahdr"),
    ".dat": (".vhdr", ".ahdr", ".lay"),
    ".fdt": (".set",),
    ".head": (".data",),
    ".21e": (".eeg",),
    ".pnt": (".eeg",),
    ".log": (".eeg",),
}
"""Extensions of files that are only a part of a recording, and the extensions of the files to give instead."""
_NOT_READ = {
    ".cdt": "Curry",
    ".cef": "Curry",
    ".dap": "Curry",
    ".rs3": "Curry",
    ".e": "Nicolet .e",
    ".mefd": "MEF3",
    ".nedf": "Neuroelectrics .nedf",
    ".nxe": "Nexstim .nxe",
}
_MEG = {".con": "KIT", ".ds": "CTF", ".sqd": "KIT"}


def read_folder(path: Path) -> list[Signals]:
    """The streams of a recording that is a folder."""
    if path.suffix.lower() == ".mff":
        return read_mff(path)
    refuse_by_name(path)
    raise RecordingError(
        f"{path} cannot be read: it is a folder", remedy="Give a recording, or a format that is a folder (.mff)"
    )


def refuse_by_name(path: Path) -> None:
    """Raise if the name is that of a part of a recording or of a format that is not supported.

    Call it after no reader has recognised the content.
    """
    ending = path.suffix.lower()
    for belongs_to in _HEADER_OF.get(ending, ()):
        for whole in (path.with_suffix(belongs_to), path.with_suffix(belongs_to.upper())):
            if whole.exists():
                raise RecordingError(
                    f"{path.name} holds samples without their header"
                    if ending in (".eeg", ".avg", ".seg", ".dat", ".fdt")
                    else f"{path.name} holds no samples",
                    remedy=f"Give {whole.name} in the same folder",
                )
    if ending in _MEG:
        raise RecordingError(f"{path.name} is {_MEG[ending]}, which is MEG", remedy="Give a recording that holds EEG")
    if ending in _NOT_READ:
        raise RecordingError(
            f"{path.name} is {_NOT_READ[ending]}, a format that is not supported",
            remedy="Export it as EDF or BrainVision with the recorder's software",
        )
