"""Read formats whose decoding is left to MNE-Python, where their unit is certain.

C channels, T samples.
"""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from eegstream.dsp.channels import printable
from eegstream.files.mne_pauses import Pauses, pauses_of
from eegstream.files.signals import Signals
from eegstream.files.third_party import quietly, require, unreadable

FIF_MAGIC = b"\x00\x00\x00\x64\x00\x00\x00\x1f\x00\x00\x00\x14"
"""The first tag of every FIF file: a file id of 20 bytes."""
HDF5_MAGICS = (b"MATLAB 7.3 MAT-file", b"\x89HDF")
MATLAB_MAGICS = (b"MATLAB 5.0 MAT-file", *HDF5_MAGICS)
"""What EEGLAB's .set files begin with."""
NEUROSCAN_MAGIC = b"Version 3."
_NIHON = re.compile(rb"(EEG-1100[ABC]|EEG-1200A|EEG-2100 |QI-403A  |DAE-2100D) V\d\d\.\d\d")
_TOLD_OTHERWISE = ("naming conventions", "'boundary' events", "invalid value encountered", "outside the data range")
"""Warnings about what does not matter here, or is said in other words."""


def read_fif(path: Path) -> list[Signals]:
    """The channels of a FIF file, of the types that it states; further parts of a split file are read with it."""
    return [_signals(path, "FIF", lambda mne: mne.io.read_raw_fif, types_are_stated=True)]


def read_eeglab(content: bytes, path: Path) -> list[Signals]:
    """The channels of an EEGLAB .set file; that of MATLAB 7.3 is HDF5 and takes two packages more."""
    is_hdf5 = content.startswith(HDF5_MAGICS)
    form = "EEGLAB (MATLAB 7.3)" if is_hdf5 else "EEGLAB"
    require(form, "mne", *(("h5py", "pymatreader") if is_hdf5 else ()))
    return [_signals(path, form, lambda mne: mne.io.read_raw_eeglab, removed_is_stated=True)]


def read_neuroscan(path: Path) -> list[Signals]:
    """The channels of a Neuroscan .cnt file.

    Bad channels are marked as in the format's description; where older files have the mark, others have a label.
    """
    return [_signals(path, "Neuroscan .cnt", lambda mne: partial(mne.io.read_raw_cnt, header="new"))]


def read_mff(path: Path) -> list[Signals]:
    """The channels of an EGI .mff folder: electrodes are told from other inputs."""
    form = "EGI .mff"
    require(form, "mne", "mffpy")
    return [_signals(path, form, lambda mne: mne.io.read_raw_egi, types_are_stated=True)]


def looks_like_nihon(content: bytes) -> bool:
    """Whether these bytes begin a Nihon Kohden .eeg file; BrainVision's files of that extension have no beginning."""
    return _NIHON.match(content) is not None


def read_nihon(path: Path) -> list[Signals]:
    """The channels of a Nihon Kohden .eeg file; the names of its electrodes stand in the .21E file beside it."""
    return [_signals(path, "Nihon Kohden .eeg", lambda mne: mne.io.read_raw_nihon)]


def _signals(
    path: Path,
    form: str,
    reader_of: Callable[[Any], Any],
    *,
    types_are_stated: bool = False,
    removed_is_stated: bool = False,
) -> Signals:
    raw, volts, warned = _load(path, form, reader_of)
    removed = _removed(path) if removed_is_stated else None
    values = raw.get_data()
    kinds = raw.get_channel_types()
    pauses: Pauses = pauses_of(raw, values.shape[1], removed)
    return Signals(
        rate_hz=float(raw.info["sfreq"]),
        labels=tuple(raw.ch_names),
        # Where types are not stated, MNE calls "eeg" whatever it does not know: then the label decides.
        types=tuple("" if kind == "eeg" and not types_are_stated else kind for kind in kinds),
        units=tuple("V" if is_volt else "" for is_volt in volts),
        read=lambda index: np.asarray(values[index, pauses.keep], np.float64),
        times_s=pauses.times_s,
        remarks=(*(f"the reader says: {text}" for text in warned), *pauses.remarks),
        bad=tuple(raw.info["bads"]),
        pauses=pauses.unknown,
    )


def _load(path: Path, form: str, reader_of: Callable[[Any], Any]) -> tuple[Any, list[bool], list[str]]:
    """The opened file, which channels are in volts, and warnings worth telling."""
    with quietly() as caught:
        require(form, "mne")
        import mne  # noqa: PLC0415  (an extra, and slow to import)

        try:
            raw = reader_of(mne)(path, preload=True, verbose="WARNING")
        except Exception as error:  # noqa: BLE001  (whatever a parser does on a damaged file, the file is what is wrong)
            raise unreadable(path.name, form, error) from None
        volts = [channel["unit"] == mne.io.constants.FIFF.FIFF_UNIT_V for channel in raw.info["chs"]]
    texts = dict.fromkeys(printable(str(warning.message)) for warning in caught if warning.category is RuntimeWarning)
    return raw, volts, [text for text in texts if not any(known in text for known in _TOLD_OTHERWISE)]


def _removed(path: Path) -> Any:
    """The marks of the file with their whole lengths: on the opened recording they end where its samples do."""
    import mne  # noqa: PLC0415  (an extra, and slow to import)

    if path.suffix != ".set":
        return None
    with quietly():
        return mne.read_annotations(path)
