"""Decode BrainVision recordings: a text header (.vhdr, .ahdr), the binary file and the marker file that it names.

C channels, T samples.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.montage import printable
from eegstream.errors import RecordingError
from eegstream.files.brainvision_markers import Pauses, read_pauses
from eegstream.files.data_file import read_data_file
from eegstream.files.file_bytes import FileBytes
from eegstream.files.rates import snapped_rate_hz
from eegstream.files.signals import Signals, regular_times_s

_BINARY_FORMATS = {"INT_16": "<i2", "UINT_16": "<u2", "INT_32": "<i4", "IEEE_FLOAT_32": "<f4", "IEEE_FLOAT_64": "<f8"}
_UNIT_IF_OMITTED = "uV"
"""The default of the format's description."""
_INTERVAL_ROUNDING = 1e-4
"""Headers round the sampling interval: 488.281 µs means 2048 Hz."""


@dataclass(frozen=True)
class _Stored:
    """The numbers of a binary file, sample by sample, or channel by channel if it is vectorized."""

    content: FileBytes
    dtype: np.dtype[np.generic]
    n_channels: int
    n_samples: int
    vectorized: bool

    def read(self, start: int, stop: int) -> NDArray[np.generic]:
        """Numbers (C, stop - start)."""
        size = self.dtype.itemsize
        if not self.vectorized:
            row = size * self.n_channels
            return np.frombuffer(self.content.read(start * row, stop * row), self.dtype).reshape(-1, self.n_channels).T
        begins = [channel * self.n_samples for channel in range(self.n_channels)]
        parts = [self.content.read((begin + start) * size, (begin + stop) * size) for begin in begins]
        return np.stack([np.frombuffer(part, self.dtype) for part in parts])


def looks_like_brainvision(content: bytes) -> bool:
    """Whether these bytes begin a BrainVision header or marker file."""
    return re.match(rb"(?:\xef\xbb\xbf)?\s*Brain ?Vision Data Exchange", content[:100]) is not None


def read_brainvision(content: bytes, path: Path) -> list[Signals]:
    """The channels of the recording with header `content` at `path`."""
    if b"Marker File" in content[:100]:
        raise RecordingError(
            f"{path.name} holds markers only",
            remedy=f"Give {header_beside(path) or 'the .vhdr file'} in the same folder",
        )
    sections = _sections(content)
    common = sections.get("common infos", {})
    n_channels = int(_number(common, "numberofchannels", path))
    interval_us = _number(common, "samplinginterval", path)
    if n_channels < 1 or interval_us <= 0:
        raise _error(path, f"states {n_channels} channels every {interval_us:g} µs, expected more than 0")
    if common.get("dataformat", "BINARY").upper() != "BINARY":
        raise _error(path, f"states DataFormat={common['dataformat']}, expected BINARY")
    channels = [_channel(sections.get("channel infos", {}), number, path) for number in range(1, n_channels + 1)]
    digital, remarks = _samples(sections, n_channels, path)
    resolutions = np.array([resolution for _, resolution, _ in channels])[:, None]
    rate_hz = snapped_rate_hz(1e6 / interval_us, within=_INTERVAL_ROUNDING)
    pauses = _pauses(common, digital.n_samples, rate_hz, path)
    return [
        Signals(
            rate_hz=rate_hz,
            labels=tuple(label for label, _, _ in channels),
            types=("",) * n_channels,
            units=tuple(unit for _, _, unit in channels),
            read=lambda start, stop: digital.read(start, stop).astype(np.float64) * resolutions,
            times_s=pauses.times_s,
            remarks=(*remarks, *pauses.remarks),
            events=pauses.events,
            pauses=pauses.unknown,
        )
    ]


def header_beside(path: Path) -> str:
    """Name of the header with the same stem as a binary or marker file; "" if there is none."""
    names = [path.with_suffix(ending).name for ending in (".vhdr", ".VHDR", ".ahdr")]
    return next((name for name in names if (path.parent / name).exists()), "")


def _pauses(common: Mapping[str, str], n_samples: int, rate_hz: float, path: Path) -> Pauses:
    """The pauses in the marker file, if the header names one."""
    if not common.get("markerfile"):
        return Pauses(regular_times_s(n_samples, rate_hz), (), ())
    return read_pauses(_companion(common["markerfile"], path), n_samples, rate_hz)


def _companion(stated: str, path: Path) -> Path:
    """The file that the header names, in the header's own folder; a stated folder is ignored."""
    return path.parent / Path(stated.replace("$b", path.stem).replace("\\", "/")).name


def _sections(content: bytes) -> dict[str, dict[str, str]]:
    """Keys and values by section, keys in lower case; the free text of [Comment] is ignored."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    sections: dict[str, dict[str, str]] = {}
    entries: dict[str, str] = {}
    for line in map(printable, text.splitlines()):
        title = re.fullmatch(r"\[(.+)\]", line)
        if title:
            entries = sections.setdefault(title[1].lower(), {})
        elif "=" in line and not line.startswith(";"):
            key, _, value = line.partition("=")
            entries.setdefault(key.strip().lower(), value.strip())
    return sections


def _channel(entries: Mapping[str, str], number: int, path: Path) -> tuple[str, float, str]:
    """Label, resolution and unit of channel `number`, from "name,reference,resolution,unit"."""
    fields = [field.strip() for field in entries.get(f"ch{number}", "").split(",")]
    label, _, resolution, unit = (fields + [""] * 4)[:4]
    if not any(fields):
        raise _error(path, f"does not describe channel {number}")
    return (
        label.replace(r"\1", ","),
        _finite(resolution or "1", f"resolution of {label}", path),
        unit or _UNIT_IF_OMITTED,
    )


def _samples(sections: Mapping[str, Mapping[str, str]], n_channels: int, path: Path) -> tuple["_Stored", list[str]]:
    """Stored numbers (C, T) of the binary file, and remarks on its length."""
    common, binary = sections["common infos"], sections.get("binary infos", {})
    stored = binary.get("binaryformat", "INT_16").upper()
    if stored not in _BINARY_FORMATS:
        raise _error(path, f"states BinaryFormat={stored}, expected one of {', '.join(_BINARY_FORMATS)}")
    dtype = np.dtype(_BINARY_FORMATS[stored])
    if binary.get("usebigendianorder", "NO").upper() == "YES":
        dtype = dtype.newbyteorder(">")
    data_path = _companion(common.get("datafile", ""), path)
    raw = read_data_file(data_path, path)
    n_samples, left_over = divmod(len(raw), n_channels * dtype.itemsize)
    vectorized = common.get("dataorientation", "MULTIPLEXED").upper() == "VECTORIZED"
    if left_over and vectorized:
        raise _error(
            path, f"has {len(raw)} bytes of samples, expected a multiple of {n_channels * dtype.itemsize} bytes"
        )
    remarks = [f"truncated: the last {left_over} bytes are not a whole sample and were dropped"] if left_over else []
    return _Stored(raw, dtype, n_channels, n_samples, vectorized), remarks


def _number(entries: Mapping[str, str], key: str, path: Path) -> float:
    return _finite(entries.get(key, ""), key, path)


def _finite(text: str, what: str, path: Path) -> float:
    try:
        number = float(text)
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise _error(path, f"has {text!r} as {what}, expected a number")
    return number


def _error(path: Path, what: str) -> RecordingError:
    return RecordingError(f"{path.name} {what}", remedy="Export the recording again as binary BrainVision")
