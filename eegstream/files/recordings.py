"""Read an EEG recording of any known format into microvolts.

C channels, T samples. The content decides which format a file has, not its name.
"""

import hashlib
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.channels import EEG, channel_type, printable, printable_label, unit_scale
from eegstream.errors import RecordingError
from eegstream.files.formats import read_signals
from eegstream.files.signals import Signals

MICROVOLTS = "microvolts"
SYNTHETIC_PREFIX = "synthetic:"

_GZIP_MAGIC = b"\x1f\x8b"
_PLAUSIBLE_UV = (0.1, 5000.0)
"""Between these lies the robust standard deviation of EEG, offset removed; outside, the unit is likely wrong."""
_LARGEST_UNPACKED_BYTES = 8 << 30


OUTLET_TYPE, OUTLET_FORMAT = EEG, "float32"
"""What a recording is as a stream: played by an outlet, or encoded as one would be."""


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
    bad: tuple[str, ...] = ()
    """Labels of channels that the file marks as bad. They are played and encoded like others; training leaves them
    out."""


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
    source_id = f"file:{hashlib.sha256(content).hexdigest()[:16]}"
    with np.errstate(all="ignore"):  # absurd numbers of a damaged file end up not finite, which is counted below
        if not content.startswith(_GZIP_MAGIC):
            return _recording(read_signals(content, path, rate_hz)[0], path, source_id, rate_hz, raw_units)
        with tempfile.TemporaryDirectory() as folder:  # some readers open the file themselves
            inside = Path(folder, path.stem if path.suffix.lower() == ".gz" else path.name)
            content = _unpacked(content, path.name)
            inside.write_bytes(content)
            return _recording(read_signals(content, inside, rate_hz)[0], path, source_id, rate_hz, raw_units)


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
    """The bytes inside a gzip file."""
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        inside = unpacker.decompress(content, _LARGEST_UNPACKED_BYTES)
    except zlib.error:
        raise RecordingError(f"{name} is a damaged gzip file", remedy="Get the file again") from None
    if not unpacker.eof or not inside:
        raise RecordingError(f"{name} is a gzip file that is empty, too large or ends too early", remedy="Unpack it")
    return inside


def _recording(signals: Signals, path: Path, source_id: str, asked_hz: float | None, raw_units: bool) -> Recording:
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
        samples[index] = numbers
        units.append(printable(stated) if scale is None else MICROVOLTS)
    times_s = signals.times_s - _first_finite(signals.times_s)
    eeg = [index for index, kind in enumerate(types) if kind == EEG]
    remarks = [*signals.remarks, *_sample_remarks(samples[eeg], raw_units)]
    if signals.bad:
        remarks.append(f"the file marks channels as bad: {', '.join(map(printable, signals.bad))}")
    if asked_hz is not None and abs(asked_hz - signals.rate_hz) > 1e-6 * asked_hz:
        remarks.append(f"the file's own rate of {signals.rate_hz:g} Hz holds, {asked_hz:g} Hz were asked for")
    return Recording(
        name=printable(path.stem) or "recording",
        source_id=source_id,
        rate_hz=signals.rate_hz,
        labels=labels,
        types=types,
        units=tuple(units),
        samples=samples,
        times_s=times_s,
        remarks=tuple(remarks),
        bad=tuple(label for label, own in zip(labels, signals.labels, strict=True) if own in signals.bad),
    )


def _first_finite(times_s: NDArray[np.float64]) -> float:
    """The first usable stamp; 0 if there is none."""
    finite = times_s[np.isfinite(times_s)]
    return float(finite[0]) if finite.size else 0.0


def _sample_remarks(eeg: NDArray[np.float32], raw_units: bool) -> tuple[str, ...]:
    """Whether EEG channels (K, T) hold numbers that are none, or too large or too small to be EEG."""
    finite = np.isfinite(eeg)
    odd = int(eeg.size - np.count_nonzero(finite))
    remarks = [f"{odd} samples of EEG channels are missing or not finite"] if odd else []
    spreads = [_robust_sd(channel[good]) for channel, good in zip(eeg, finite, strict=True) if good.any()]
    middle = float(np.median(spreads)) if spreads else 0.0
    low, high = _PLAUSIBLE_UV
    if middle == 0:
        remarks.append("most of the EEG channels are flat")
    elif not raw_units and not low <= middle <= high:
        remarks.append(
            f"the amplitude is not that of EEG: a standard deviation of {middle:.3g} µV, {low:g} to {high:g} is "
            "plausible; the stated unit may be wrong (nothing was changed; see --unit)"
        )
    return tuple(remarks)


def _robust_sd(numbers: NDArray[np.float32]) -> float:
    """Standard deviation of finite numbers, from the median of their distances to the median."""
    numbers64 = numbers.astype(np.float64)
    return 1.4826 * float(np.median(np.abs(numbers64 - np.median(numbers64))))
