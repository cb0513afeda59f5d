"""Read formats that MNE-Python decodes, if their unit is certain.

C channels, T samples.
"""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.montage import printable
from eegstream.files.mne_pauses import Pauses, events_of, pauses_of
from eegstream.files.signals import Signals
from eegstream.files.third_party import quietly, require, unreadable

FIF_MAGIC = b"\x00\x00\x00\x64\x00\x00\x00\x1f\x00\x00\x00\x14"
"""The first tag of every FIF file: a file id of 20 bytes."""
HDF5_MAGICS = (b"MATLAB 7.3 MAT-file", b"\x89HDF")
MATLAB_MAGICS = (b"MATLAB 5.0 MAT-file", *HDF5_MAGICS)
"""First bytes of EEGLAB's .set files."""
NEUROSCAN_MAGIC = b"Version 3."
_NIHON = re.compile(rb"(EEG-1100[ABC]|EEG-1200A|EEG-2100 |QI-403A  |DAE-2100D) V\d\d\.\d\d")
_NOT_SHOWN = ("naming conventions", "'boundary' events", "invalid value encountered", "outside the data range")
"""Warnings that do not matter here, or that a remark of ours already states."""


def read_fif(path: Path) -> list[Signals]:
    """The channels of a FIF file, with the types that it states; the other parts of a split file are also read."""
    return [_signals(path, "FIF", lambda mne: mne.io.read_raw_fif, types_are_stated=True, in_pieces=True)]


def read_eeglab(content: bytes, path: Path) -> list[Signals]:
    """The channels of an EEGLAB .set file; a file of MATLAB 7.3 is HDF5 and needs two more packages."""
    is_hdf5 = content.startswith(HDF5_MAGICS)
    form = "EEGLAB (MATLAB 7.3)" if is_hdf5 else "EEGLAB"
    require(form, "mne", *(("h5py", "pymatreader") if is_hdf5 else ()))
    return [_signals(path, form, lambda mne: mne.io.read_raw_eeglab, removed_is_stated=True)]


def read_neuroscan(path: Path) -> list[Signals]:
    """The channels of a Neuroscan .cnt file.

    Marks of bad channels are read where the format's description puts them. At the place that older files use for
    the mark, other files have a label.
    """
    return [_signals(path, "Neuroscan .cnt", lambda mne: partial(mne.io.read_raw_cnt, header="new"))]


def read_mff(path: Path) -> list[Signals]:
    """The channels of an EGI .mff folder; electrodes and other inputs have different types."""
    form = "EGI .mff"
    require(form, "mne", "mffpy")
    return [_signals(path, form, lambda mne: mne.io.read_raw_egi, types_are_stated=True)]


def looks_like_nihon(content: bytes) -> bool:
    """Whether these bytes begin a Nihon Kohden .eeg file; BrainVision's .eeg files have no fixed first bytes."""
    return _NIHON.match(content) is not None


def read_nihon(path: Path) -> list[Signals]:
    """The channels of a Nihon Kohden .eeg file; the .21E file in the same folder has the names of its electrodes."""
    return [_signals(path, "Nihon Kohden .eeg", lambda mne: mne.io.read_raw_nihon)]


def _signals(
    path: Path,
    form: str,
    reader_of: Callable[[Any], Any],
    *,
    types_are_stated: bool = False,
    removed_is_stated: bool = False,
    in_pieces: bool = False,
) -> Signals:
    """The channels of the file at `path`; all samples are in memory, unless they are read `in_pieces`."""
    raw, volts, warned = _load(path, form, reader_of, preload=not in_pieces)
    removed = _removed(path) if removed_is_stated else None
    kinds = raw.get_channel_types()
    pauses: Pauses = pauses_of(raw, raw.n_times, removed)
    return Signals(
        rate_hz=float(raw.info["sfreq"]),
        labels=tuple(raw.ch_names),
        # If the file states no types, MNE types every unknown channel as "eeg": then the label decides.
        types=tuple("" if kind == "eeg" and not types_are_stated else kind for kind in kinds),
        units=tuple("V" if is_volt else "" for is_volt in volts),
        read=_acquired(raw, pauses.keep, path.name, form),
        times_s=pauses.times_s,
        remarks=(*(f"the reader says: {text}" for text in warned), *pauses.remarks),
        bad=tuple(raw.info["bads"]),
        events=events_of(raw, pauses, removed),
        pauses=pauses.unknown,
    )


def _acquired(raw: Any, keep: NDArray[np.bool_], name: str, form: str) -> Callable[[int, int], NDArray[np.float64]]:
    """Reads the samples of `raw` that are kept."""
    kept = None if keep.all() else np.flatnonzero(keep)

    def read(start: int, stop: int) -> NDArray[np.float64]:
        first, last = (start, stop) if kept is None else (int(kept[start]), int(kept[stop - 1]) + 1)
        try:
            with quietly():
                values = np.asarray(raw.get_data(start=first, stop=last), np.float64)
        except Exception as error:  # noqa: BLE001  (any error of the parser means a damaged file)
            raise unreadable(name, form, error) from None
        return values if kept is None else values[:, keep[first:last]]

    return read


def _load(
    path: Path, form: str, reader_of: Callable[[Any], Any], *, preload: bool
) -> tuple[Any, list[bool], list[str]]:
    """The opened file, which channels are in volts, and the warnings that the user should see."""
    with quietly() as caught:
        require(form, "mne")
        import mne  # noqa: PLC0415  (an extra, and slow to import)

        try:
            raw = reader_of(mne)(path, preload=preload, verbose="WARNING")
        except Exception as error:  # noqa: BLE001  (any error of the parser means a damaged file)
            raise unreadable(path.name, form, error) from None
        volts = [channel["unit"] == mne.io.constants.FIFF.FIFF_UNIT_V for channel in raw.info["chs"]]
    texts = dict.fromkeys(printable(str(warning.message)) for warning in caught if warning.category is RuntimeWarning)
    return raw, volts, [text for text in texts if not any(known in text for known in _NOT_SHOWN)]


def _removed(path: Path) -> Any:
    """The file's annotations with their full durations; in the opened recording they are cut at its last sample."""
    import mne  # noqa: PLC0415  (an extra, and slow to import)

    if path.suffix != ".set":
        return None
    with quietly():
        return mne.read_annotations(path)
