"""Decode Persyst recordings: a text file .lay, and the .dat file with samples that it names.

C channels, T samples.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.montage import printable
from eegstream.errors import RecordingError
from eegstream.files.data_file import read_data_file
from eegstream.files.file_bytes import whole
from eegstream.files.signals import Signals, regular_times_s

_STORED = {"0": "<i2", "7": "<i4"}
_BEGINS = re.compile(rb"(?:\xef\xbb\xbf)?\s*\[FileInfo\]", re.IGNORECASE)
_DAY_S = 86400.0
_CLOCKS_DIFFER_S = 0.25
"""A shorter pause may be only a difference between two clocks."""


def looks_like_persyst(content: bytes) -> bool:
    """Whether these bytes begin a .lay file."""
    return _BEGINS.match(content) is not None


def read_persyst(content: bytes, path: Path) -> list[Signals]:
    """The channels of the recording with the .lay file `content` at `path`; its calibration gives microvolts."""
    sections = _sections(content)
    info, labels = sections.get("fileinfo", {}), sections.get("channelmap", {})
    n_channels, rate_hz, microvolts = (
        _positive(info, key, path) for key in ("waveformcount", "samplingrate", "calibration")
    )
    stored = _STORED.get(info.get("datatype", ""))
    if len(labels) != n_channels or stored is None or info.get("filetype", "interleaved").lower() != "interleaved":
        raise _error(
            path,
            f"has {len(labels)} labels of {n_channels:g} channels, type {info.get('datatype')}, {info.get('filetype')}",
        )
    numbers, remarks = _samples(info, path, np.dtype(stored), len(labels))
    times_s, unknown, more = _times(sections.get("sampletimes", {}), len(numbers), rate_hz)
    return [
        Signals(
            rate_hz=rate_hz,
            labels=tuple(labels),
            types=("",) * len(labels),
            units=("uV",) * len(labels),
            read=lambda start, stop: numbers[start:stop].T.astype(np.float64) * microvolts,
            times_s=times_s,
            remarks=(*remarks, *more),
            pauses=tuple(unknown),
        )
    ]


def _sections(content: bytes) -> dict[str, dict[str, str]]:
    """Keys and values by section, in lower case except the names of channels."""
    sections: dict[str, dict[str, str]] = {}
    title = ""
    for line in map(printable, content.decode("utf-8-sig", "replace").splitlines()):
        if line.startswith("[") and line.endswith("]"):
            title = line[1:-1].strip().lower()
        elif "=" in line:
            key, _, value = line.rpartition("=") if title == "channelmap" else line.partition("=")
            key = key.strip() if title == "channelmap" else key.strip().lower()
            sections.setdefault(title, {}).setdefault(key, value.strip())
    return sections


def _samples(
    info: Mapping[str, str], path: Path, stored: np.dtype[np.generic], n_channels: int
) -> tuple[NDArray[np.generic], list[str]]:
    """Stored numbers (T, C) and remarks on their number; the file lies in the header's folder."""
    data_path = path.parent / Path(info.get("file", "").replace("\\", "/")).name
    raw = read_data_file(data_path, path)
    head_bytes = int(_number(info.get("headerlength", "0")) or 0)
    n_samples, left_over = divmod(max(len(raw) - head_bytes, 0), n_channels * stored.itemsize)
    numbers = np.frombuffer(whole(raw), stored, n_samples * n_channels, head_bytes).reshape(n_samples, n_channels)
    return numbers, [
        f"truncated: the last {left_over} bytes are not a whole sample and were dropped"
    ] if left_over else []


def _times(
    stated: Mapping[str, str], n_samples: int, rate_hz: float
) -> tuple[NDArray[np.float64], list[int], list[str]]:
    """Seconds (T,) since the first sample, first samples after pauses of unknown length, and remarks.

    `stated` holds the time of day, in seconds, of the first sample of each stretch.
    """
    times_s = regular_times_s(n_samples, rate_hz)
    pairs = sorted((_number(first), _number(clock_s)) for first, clock_s in stated.items())
    if any(first is None or clock_s is None or not 0 <= first < n_samples for first, clock_s in pairs):
        return times_s, [], ["[SampleTimes] does not fit the samples: pauses are not known"]
    return _with_holes(times_s, [(int(first or 0), float(clock_s or 0)) for first, clock_s in pairs], rate_hz)


def _with_holes(
    times_s: NDArray[np.float64], stretches: Sequence[tuple[int, float]], rate_hz: float
) -> tuple[NDArray[np.float64], list[int], list[str]]:
    """`times_s` with the pauses between stretches (first sample, time of day)."""
    unknown: list[int] = []
    holes_s: list[float] = []
    for (before, before_s), (first, clock_s) in pairwise(stretches):
        hole_s = clock_s - before_s - (first - before) / rate_hz
        hole_s = (hole_s + _DAY_S / 2) % _DAY_S - _DAY_S / 2  # a time of day wraps at midnight
        if hole_s > _CLOCKS_DIFFER_S:
            times_s[first:] += hole_s
            holes_s.append(hole_s)
        elif hole_s < -_CLOCKS_DIFFER_S:
            unknown.append(first)
    remarks = [f"{len(holes_s)} pauses, {sum(holes_s):g} s in all, are kept"] if holes_s else []
    if unknown:
        remarks.append(f"{len(unknown)} stretches start before the one before them ended: pauses of unknown length")
    return times_s, unknown, remarks


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def _positive(info: Mapping[str, str], key: str, path: Path) -> float:
    number = _number(info.get(key, ""))
    if number is None or number <= 0:
        raise _error(path, f"has {info.get(key, '')!r} as {key}, expected a number more than 0")
    return number


def _error(path: Path, what: str) -> RecordingError:
    return RecordingError(f"{path.name} {what}", remedy="Export the recording again, or as EDF")
