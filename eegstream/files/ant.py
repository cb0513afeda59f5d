"""Read ANT Neuro's .cnt with the library antio.

C channels, T samples.
"""

import importlib
from pathlib import Path

import numpy as np

from eegstream.dsp.channels import printable
from eegstream.errors import RecordingError
from eegstream.files.signals import Signals, regular_times_s
from eegstream.files.third_party import missing_extra, unreadable

_FORM = "ANT Neuro .cnt"
_PARTS = (b"raw3", b"eeph")
"""Parts of the file that hold samples and header; without them antio complains on stderr, or worse."""
_RIFF_HEAD_BYTES = 8


def looks_like_ant(content: bytes) -> bool:
    """Whether these bytes begin a RIFF file of type CNT; Neuroscan's files of that extension are none."""
    return content.startswith((b"RIFF", b"RF64")) and content[8:12] == b"CNT "


def read_ant(content: bytes, path: Path) -> list[Signals]:
    """The channels of the file at `path`, in the units that it states."""
    _refuse_stump(content, path.name)
    try:
        antio, parser = importlib.import_module("antio"), importlib.import_module("antio.parser")
    except ImportError:
        raise missing_extra(_FORM, "antio") from None
    try:
        file = antio.read_cnt(str(path))
        channels = [file.get_channel(index, encoding="latin-1") for index in range(file.get_channel_count())]
        values = file.get_samples_as_nparray(0, file.get_sample_count())
        breaks = parser.read_triggers(file)[4]
    except Exception as error:  # noqa: BLE001  (whatever a parser does on a damaged file, the file is what is wrong)
        raise unreadable(path.name, f"{_FORM} by antio", error) from None
    rate_hz = float(file.get_sample_frequency())
    back = tuple(sorted({int(first) for first in breaks["stop"] if 0 < first < values.shape[1]}))
    remarks = [f"the amplifier was disconnected {len(breaks['start'])} times"] if breaks["start"] else []
    return [
        Signals(
            rate_hz=rate_hz,
            labels=tuple(printable(channel[0]) for channel in channels),
            types=("",) * len(channels),
            units=tuple(printable(channel[1]) for channel in channels),
            read=lambda index: values[index].astype(np.float64),
            times_s=regular_times_s(values.shape[1], rate_hz),
            remarks=tuple(remarks),
            pauses=back,
        )
    ]


def _refuse_stump(content: bytes, name: str) -> None:
    """Raise if the file lacks a part, or its end; RF64 files state their length elsewhere."""
    stated = int.from_bytes(content[4:8], "little") + _RIFF_HEAD_BYTES
    if all(part in content for part in _PARTS) and (content.startswith(b"RF64") or stated <= len(content)):
        return
    raise RecordingError(
        f"{name} is an {_FORM} (eego) without its end or its header ({len(content)} bytes): antio cannot read it",
        remedy="Get the whole file",
    )
