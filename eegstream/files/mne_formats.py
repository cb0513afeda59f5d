"""Read FIF, EEGLAB, CNT and whatever else MNE-Python knows whose unit is certain.

C channels, T samples.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.channels import printable
from eegstream.errors import RecordingError
from eegstream.files.signals import Signals
from eegstream.files.third_party import missing_extra, quietly

FIF_MAGIC = b"\x00\x00\x00\x64\x00\x00\x00\x1f\x00\x00\x00\x14"
"""The first tag of every FIF file: a file id of 20 bytes."""
MATLAB_MAGICS = (b"MATLAB 5.0 MAT-file", b"\x89HDF")
"""What EEGLAB's .set files begin with."""
EXTENSIONS = frozenset({".cnt", ".data", ".egi", ".eeg", ".lay", ".mff", ".nxe", ".raw", ".sqd"})
"""Other names that MNE-Python tells formats by; whatever fails there is refused."""

_SKIP = "BAD_ACQ_SKIP"


def read_fif(path: Path) -> list[Signals]:
    """The channels of a FIF file, of the types that it states."""
    return [_signals(path, "FIF", lambda mne: mne.io.read_raw_fif, types_are_stated=True)]


def read_eeglab(path: Path) -> list[Signals]:
    """The channels of an EEGLAB .set file."""
    return [_signals(path, "EEGLAB", lambda mne: mne.io.read_raw_eeglab)]


def read_by_name(path: Path) -> list[Signals]:
    """The channels of a file of one of EXTENSIONS."""
    return [_signals(path, path.suffix, lambda mne: mne.io.read_raw)]


def _signals(path: Path, form: str, reader_of: Callable[[Any], Any], *, types_are_stated: bool = False) -> Signals:
    raw, volts, warned = _load(path, form, reader_of)
    values = raw.get_data()
    keep = _recorded(raw, values.shape[1])
    kinds = raw.get_channel_types()
    joins = sum("boundary" in str(text).lower() for text in raw.annotations.description)
    remarks = [f"the reader says: {text}" for text in warned]
    if joins:
        remarks.append(f"the file marks {joins} boundaries, where pieces were cut out and the rest was joined")
    if not keep.all():
        remarks.append(f"{int(np.count_nonzero(~keep))} samples were never acquired, the holes are kept")
    return Signals(
        rate_hz=float(raw.info["sfreq"]),
        labels=tuple(raw.ch_names),
        # Where types are not stated, MNE calls "eeg" whatever it does not know: then the label decides.
        types=tuple("" if kind == "eeg" and not types_are_stated else kind for kind in kinds),
        units=tuple("V" if is_volt else "" for is_volt in volts),
        read=lambda index: values[index, keep],
        times_s=np.flatnonzero(keep) / float(raw.info["sfreq"]),
        remarks=tuple(remarks),
        bad=tuple(raw.info["bads"]),
    )


def _load(path: Path, form: str, reader_of: Callable[[Any], Any]) -> tuple[Any, list[bool], list[str]]:
    """The opened file, which channels are in volts, and warnings worth telling."""
    with quietly() as caught:
        try:
            import mne  # noqa: PLC0415  (an extra, and slow to import)
        except ImportError:
            raise missing_extra(form, "mne") from None
        try:
            raw = reader_of(mne)(path, preload=True, verbose="WARNING")
        except Exception as error:  # noqa: BLE001  (whatever a parser does on a damaged file, the file is what is wrong)
            reason = printable(str(error))[:200]
            raise RecordingError(
                f"{path.name} cannot be read as {form} ({type(error).__name__}: {reason})",
                remedy="Get the whole recording again, or export it as EDF",
            ) from None
        volts = [channel["unit"] == mne.io.constants.FIFF.FIFF_UNIT_V for channel in raw.info["chs"]]
    texts = (printable(str(warning.message)) for warning in caught if warning.category is RuntimeWarning)
    return raw, volts, [text for text in dict.fromkeys(texts) if "naming conventions" not in text]


def _recorded(raw: Any, n_samples: int) -> NDArray[np.bool_]:
    """Which samples (T,) were acquired: MNE-Python fills pauses of the acquisition with zeros and annotates them."""
    keep = np.ones(n_samples, np.bool_)
    rate_hz, origin_s = raw.info["sfreq"], raw.first_time
    for onset_s, duration_s, text in zip(
        raw.annotations.onset, raw.annotations.duration, raw.annotations.description, strict=True
    ):
        if text == _SKIP:
            start = max(round((onset_s - origin_s) * rate_hz), 0)
            keep[start : start + round(duration_s * rate_hz)] = False
    return keep
