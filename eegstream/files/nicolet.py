"""Decode Nicolet recordings: .data with the samples, and a text file .head in the same folder.

C channels, T samples.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from eegstream.dsp.montage import printable
from eegstream.errors import RecordingError
from eegstream.files.signals import Signals, regular_times_s

_STORED = {2: "<i2", 4: "<i4"}


def head_beside(path: Path) -> Path | None:
    """The header of the samples at `path`; None if there is none, or if the file is not called .data."""
    if path.suffix.lower() != ".data":
        return None
    return next((head for end in (".head", ".HEAD") if (head := path.with_suffix(end)).exists()), None)


def read_nicolet(content: bytes, head: Path) -> list[Signals]:
    """The channels of the samples `content`; the header's factor converts steps to microvolts."""
    fields = _fields(head)
    n_channels, sample_bytes = (int(_positive(fields, key, head)) for key in ("num_channels", "sample_bytes"))
    rate_hz, microvolts = (_positive(fields, key, head) for key in ("sample_freq", "conversion_factor"))
    labels = [printable(label) for label in fields.get("elec_names", "").strip("[]").split(",")]
    if len(labels) != n_channels or sample_bytes not in _STORED:
        raise _error(head, f"has {len(labels)} labels of {n_channels} channels, and {sample_bytes} bytes per sample")
    stored = np.dtype(_STORED[sample_bytes])
    n_samples, left_over = divmod(len(content), n_channels * stored.itemsize)
    numbers = np.frombuffer(content, stored, n_samples * n_channels).reshape(n_samples, n_channels)
    remarks = [f"the last {left_over} bytes are not a whole sample and were dropped"] if left_over else []
    promised = int(_positive(fields, "num_samples", head))
    if promised != n_samples:
        remarks.append(f"the header states {promised} samples, the file has {n_samples}")
    return [
        Signals(
            rate_hz=rate_hz,
            labels=tuple(labels),
            types=("",) * n_channels,
            units=("uV",) * n_channels,
            read=lambda start, stop: numbers[start:stop].T.astype(np.float64) * microvolts,
            times_s=regular_times_s(n_samples, rate_hz),
            remarks=tuple(remarks),
        )
    ]


def _fields(head: Path) -> dict[str, str]:
    """The header's fields, one "key=value" per line."""
    try:
        text = head.read_text(encoding="latin-1")
    except OSError as error:
        raise RecordingError(f"{head.name} cannot be read ({error.strerror or error})", remedy="Get it again") from None
    return {key.lower(): value.strip() for key, value in re.findall(r"^\s*(\w+)\s*=(.*)$", text, re.MULTILINE)}


def _positive(fields: Mapping[str, str], key: str, head: Path) -> float:
    """A positive number of the header."""
    try:
        number = float(fields.get(key, ""))
    except ValueError:
        number = np.nan
    if not 0 < number < np.inf:
        raise _error(head, f"has {fields.get(key, '')!r} as {key}, expected a number more than 0")
    return number


def _error(head: Path, what: str) -> RecordingError:
    return RecordingError(f"{head.name} {what}", remedy="Get the whole recording again")
