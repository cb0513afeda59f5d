"""Read an EEG recording of any known format into microvolts.

C channels, T samples. The content decides which format a file has, not its name.
"""

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.channels import EEG, channel_type, printable_label, unit_scale
from eegstream.errors import RecordingError
from eegstream.files.formats import read_signals
from eegstream.files.signals import Signals

MICROVOLTS = "microvolts"
SYNTHETIC_PREFIX = "synthetic:"

_PLAUSIBLE_UV = (0.1, 5000.0)
"""Between these lies the robust standard deviation of EEG, offset removed; outside, the unit is likely wrong."""
_LARGEST_UNPACKED_BYTES = 8 << 30


@dataclass(frozen=True)
class Recording:
    """One continuous piece of EEG with everything a stream of it would state."""

    name: str
    """The file's name without its extension."""
    source_id: str
    """"file:" and the first 16 hex digits of the SHA-256 of the file's bytes."""
    rate_hz: float
    """Nominal."""
    labels: tuple[str, ...]
    """(C,) printable and never empty."""
    types: tuple[str, ...]
    """(C,) "EEG" or what else the channel is."""
    units: tuple[str, ...]
    """(C,) "microvolts" where the file's unit is known; else the file's text, with its raw numbers."""
    samples: NDArray[np.float32]
    """(C, T)."""
    times_s: NDArray[np.float64]
    """(T,) seconds since the first sample, with the file's holes and jitter."""
    remarks: tuple[str, ...]
    """What is odd about this file, one sentence each."""


def read_recording(path: str | Path, *, rate_hz: float | None = None, raw_units: bool = False) -> Recording:
    """The recording at `path`, or RecordingError in one line.

    `rate_hz` serves files that state no rate. With `raw_units` the numbers stay in the file's own units.
    A path such as "synthetic:rate=250,channels=8,seconds=60,seed=1" is made up, not read.
    """
    if str(path).startswith(SYNTHETIC_PREFIX):
        from eegstream.files.synthetic import read_synthetic  # noqa: PLC0415  (only who asks for it pays for it)

        return read_synthetic(str(path))
    if rate_hz is not None and not (np.isfinite(rate_hz) and rate_hz > 0):
        raise RecordingError(f"a rate of {rate_hz} Hz was given, expected more than 0", remedy="Correct --rate")
    path = Path(path)
    content = _content(path)
    digest = hashlib.sha256(content).hexdigest()
    signals = read_signals(_unpacked(content, path.name), path, rate_hz)
    return _recording(signals, path, f"file:{digest[:16]}", raw_units)


def _content(path: Path) -> bytes:
    """The file's bytes, at least one."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RecordingError(
            f"{path} cannot be read ({error.strerror or error})", remedy="Give the path of a recording"
        ) from None
    if not content:
        raise RecordingError(f"{path.name} is empty (0 bytes), expected a recording", remedy="Get the file again")
    return content


def _unpacked(content: bytes, name: str) -> bytes:
    """The bytes inside a gzip file; other bytes as they are."""
    if not content.startswith(b"\x1f\x8b"):
        return content
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        inside = unpacker.decompress(content, _LARGEST_UNPACKED_BYTES)
    except (zlib.error, gzip.BadGzipFile, EOFError):
        raise RecordingError(f"{name} is a damaged gzip file", remedy="Get the file again") from None
    if not unpacker.eof:
        raise RecordingError(f"{name} is a gzip file that ends too early or is too large", remedy="Unpack it by hand")
    return inside


def _recording(signals: Signals, path: Path, source_id: str, raw_units: bool) -> Recording:
    """Turn a reader's channels into what a stream would state; refuse what no stream could be."""
    n_samples = len(signals.times_s)
    if n_samples < 2:
        raise RecordingError(
            f"{path.name} holds {n_samples} samples, expected a recording", remedy="Give a longer recording"
        )
    labels = tuple(printable_label(label, position) for position, label in enumerate(signals.labels, start=1))
    types = tuple(
        stated.strip().upper() or channel_type(label) for stated, label in zip(signals.types, labels, strict=True)
    )
    if EEG not in types:
        raise RecordingError(
            f"{path.name} has no EEG channel ({', '.join(labels[:8]) or 'no channel at all'})",
            remedy="Give a recording that holds EEG",
        )
    samples = np.empty((len(labels), n_samples), np.float32)
    units = []
    for index, stated in enumerate(signals.units):
        scale = None if raw_units else unit_scale(stated)
        numbers = signals.read(index) if scale is None else signals.read(index) * scale
        with np.errstate(over="ignore"):  # beyond float32 is infinite, which the front end replaces
            samples[index] = numbers
        units.append(stated.strip() if scale is None else MICROVOLTS)
    times_s = signals.times_s - _first_finite(signals.times_s)
    eeg = [index for index, kind in enumerate(types) if kind == EEG]
    remarks = signals.remarks if raw_units else signals.remarks + _amplitude_remarks(samples[eeg])
    return Recording(
        name=path.stem or path.name,
        source_id=source_id,
        rate_hz=signals.rate_hz,
        labels=labels,
        types=types,
        units=tuple(units),
        samples=samples,
        times_s=times_s,
        remarks=remarks,
    )


def _first_finite(times_s: NDArray[np.float64]) -> float:
    """The first usable stamp; 0 if there is none."""
    finite = times_s[np.isfinite(times_s)]
    return float(finite[0]) if finite.size else 0.0


def _amplitude_remarks(eeg: NDArray[np.float32]) -> tuple[str, ...]:
    """Whether EEG channels (K, T) in microvolts are far too large or too small to be EEG."""
    spreads = []
    for channel in eeg:
        finite = channel[np.isfinite(channel)].astype(np.float64)
        if finite.size:
            spreads.append(1.4826 * float(np.median(np.abs(finite - np.median(finite)))))
    if not spreads:
        return ("no EEG channel holds a single finite number",)
    middle = float(np.median(spreads))
    low, high = _PLAUSIBLE_UV
    if low <= middle <= high:
        return ()
    if middle == 0:
        return ("most of the EEG channels are flat",)
    return (
        f"the amplitude is not that of EEG: {middle:.3g} µV is the middle of the channels' standard deviations, "
        f"{low:g} to {high:g} is plausible; the stated unit may be wrong (nothing was changed; see --unit)",
    )
