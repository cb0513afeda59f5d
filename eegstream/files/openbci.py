"""Read the text files of the OpenBCI GUI: lines of "%" facts, a line of names, then samples.

C channels, T samples.
"""

import re

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.channels import EEG, channel_type, printable
from eegstream.errors import RecordingError
from eegstream.files.signals import Signals, regular_times_s
from eegstream.files.tables import Table, decoded, read_table

MAGIC = b"%OpenBCI"

_EEG_NAME = re.compile(r"(?:EXG|EEG) Channel \d+")
_COUNTS_UP_TO = 256
"""Sample Index is one byte on the Cyton's radio."""


def read_openbci(content: bytes, name: str, rate_hz: float | None = None) -> list[Signals]:
    """The channels of an OpenBCI text file; the columns "EXG Channel n" are its EEG, in microvolts."""
    lines = decoded(content, name).splitlines()
    facts = [line for line in lines if line.startswith("%")]
    body = [line for line in lines if line.strip() and not line.startswith("%")]
    header = [printable(cell) for cell in body[0].split(",")] if body else []
    if not any(_EEG_NAME.fullmatch(cell) for cell in header):
        raise RecordingError(
            f"{name} is an OpenBCI text file without a line of column names, expected 'EXG Channel 0' among them",
            remedy="Export it from version 5 or later of the OpenBCI GUI",
        )
    stamps = header.index("Timestamp") if "Timestamp" in header else None
    table = read_table(body[1:], ",", len(header), name, None)
    if len(table.numbers) < 2:
        raise RecordingError(f"{name} holds {len(table.numbers)} samples", remedy="Give a longer recording")
    rate = _stated_rate_hz(facts) or rate_hz
    if rate is None:
        raise RecordingError(f"{name} states no '%Sample Rate'", remedy="Give the rate with --rate")
    channels = [column for column in range(len(header)) if column not in (stamps, *table.texts)]
    is_eeg = [_EEG_NAME.fullmatch(header[column]) is not None for column in channels]
    return [
        Signals(
            rate_hz=rate,
            labels=tuple(header[column] for column in channels),
            types=tuple(
                EEG if eeg else _other_type(header[column]) for eeg, column in zip(is_eeg, channels, strict=True)
            ),
            units=tuple("uV" if eeg else "" for eeg in is_eeg),
            read=lambda index: table.numbers[:, channels[index]],
            times_s=_times_s(table, stamps, rate),
            remarks=(*table.remarks, *_lost(header, table)),
        )
    ]


def _stated_rate_hz(facts: list[str]) -> float | None:
    match = re.search(r"%\s*Sample Rate\s*=\s*([\d.]+)\s*Hz", "\n".join(facts))
    return float(match[1]) if match and float(match[1]) > 0 else None


def _other_type(label: str) -> str:
    """No other column of this format is EEG, whatever it is called."""
    kind = channel_type(label)
    return "MISC" if kind == EEG else kind


def _times_s(table: Table, stamps: int | None, rate_hz: float) -> NDArray[np.float64]:
    """Arrival times (T,) as stamped by the computer, in seconds; the GUI wrote milliseconds before version 6."""
    times = None if stamps is None else table.numbers[:, stamps]
    if times is None or not np.isfinite(times).any():
        return regular_times_s(len(table.numbers), rate_hz)
    first = float(times[np.isfinite(times)][0])
    scaled: NDArray[np.float64] = (times - first) * (1e-3 if first > 1e11 else 1.0)
    return scaled


def _lost(header: list[str], table: Table) -> list[str]:
    """Whether the sample counter jumps: packets were lost on the radio."""
    if "Sample Index" not in header:
        return []
    counter = table.numbers[:, header.index("Sample Index")]
    steps = np.diff(counter) % _COUNTS_UP_TO
    lost = int(np.nansum(steps[steps > 1] - 1))
    return [f"the sample counter jumps: at least {lost} samples were lost on the radio"] if lost else []
