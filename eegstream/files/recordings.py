"""Read an EEG recording of any known format into microvolts.

C channels, T samples. The content of a file decides its format, not its name.
"""

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.channel_words import EEG
from eegstream.dsp.channels import ChannelChoice, printable_label
from eegstream.dsp.montage import Fate, printable
from eegstream.dsp.units import rule_of_each, unit_rules, unit_scale
from eegstream.errors import RecordingError
from eegstream.files.bids_events import events_beside
from eegstream.files.events import FileEvent, at_times, plausible
from eegstream.files.file_bytes import FileBytes, HeldBytes, bytes_of, sha256_of, whole
from eegstream.files.formats import read_signals
from eegstream.files.sample_remarks import sample_remarks
from eegstream.files.samples import HeldSamples, Samples, ScaledSamples
from eegstream.files.signals import Signals, with_rate
from eegstream.files.stream_choice import choose_streams
from eegstream.files.unpacking import GZIP_MAGIC, unpack

MICROVOLTS = "microvolts"
SYNTHETIC_PREFIX = "synthetic:"

_UNKNOWN_PAUSE_S = 1.0
"""Length that stands for a pause of unknown length in times, both in `play` and in `encode`."""

OUTLET_TYPE, OUTLET_FORMAT = EEG, "float32"
"""Type and format of a recording as a stream, both in `play` and in `encode`."""


@dataclass(frozen=True)
class Recording:
    """One stream of EEG with all that its outlet would state."""

    name: str
    """The file's name without its extension; if the file has several streams of EEG, then the stream's name."""
    source_id: str
    """"file:" and the first 16 hex digits of the SHA-256 of the file's bytes; then the stream's name as in `name`."""
    rate_hz: float
    """Nominal."""
    labels: tuple[str, ...]
    """(C,) printable and never empty."""
    types: tuple[str, ...]
    """(C,) "EEG" or the channel's other type."""
    units: tuple[str, ...]
    """(C,) "microvolts" if the file's unit is known; else the file's text, and the samples are its raw numbers."""
    pieces: Samples
    """(C, T), read piece by piece."""
    times_s: NDArray[np.float64]
    """(T,) seconds since the first sample, with the file's holes and jitter."""
    remarks: tuple[str, ...]
    """Remarks on this file, one sentence each."""
    bad: tuple[str, ...] = ()
    """Labels of channels that the file marks as bad. They are played and encoded like others; training excludes
    them."""
    stream: str = ""
    """Name of the stream within a file that holds several."""
    file_scale: tuple[float, ...] = ()
    """(C,) microvolts in one step of the file's own numbers, to which `--unit U!` applies; empty: as `units`."""
    pauses: tuple[int, ...] = ()
    """First sample after each pause of unknown length; each pause takes one second in `times_s`, because timestamps
    cannot express "unknown"."""
    events: tuple[FileEvent, ...] = ()
    """In order of time, on the scale of `times_s`."""

    @property
    def samples(self) -> NDArray[np.float32]:
        """All samples (C, T), read anew each time."""
        return self.pieces.read(0, self.pieces.shape[1])


def read_recording(path: str | Path, *, rate_hz: float | None = None, choice: ChannelChoice | None = None) -> Recording:
    """The recording at `path`, which must hold one stream of EEG; else RecordingError with one line."""
    first, *more = read_recordings(path, rate_hz=rate_hz, choice=choice)
    if more:
        names = ", ".join(recording.name for recording in (first, *more))
        raise RecordingError(f"{path} holds {len(more) + 1} streams of EEG ({names})", "Name one with --stream")
    return first


def read_recordings(
    path: str | Path, *, rate_hz: float | None = None, stream: str | None = None, choice: ChannelChoice | None = None
) -> list[Recording]:
    """Every stream of EEG in the file at `path`, at least one; else RecordingError with one line.

    `rate_hz`, `stream` and `choice` are the user's options: the sampling rate, the name or number of a stream within
    the file (EEG or not), and which channels count as EEG. Channels whose unit `choice` overrides keep the file's own
    numbers. A path such as "synthetic:rate=250,channels=8,seconds=60,seed=1" gives synthetic EEG.
    """
    if str(path).startswith(SYNTHETIC_PREFIX):
        from eegstream.files.synthetic import read_synthetic  # noqa: PLC0415  (imported only if needed)

        return [read_synthetic(str(path))]
    if rate_hz is not None and not (np.isfinite(rate_hz) and rate_hz > 0):
        raise RecordingError(f"a rate of {rate_hz} Hz was given, expected more than 0", remedy="Correct --rate")
    path = Path(path)
    content = bytes_of(path)
    source_id = f"file:{_digest(path, content)[:16]}"
    choice = choice or ChannelChoice()
    with np.errstate(all="ignore"):  # a damaged file's numbers may overflow; non-finite samples are counted below
        if content.read(0, len(GZIP_MAGIC)) != GZIP_MAGIC:
            return _recordings(read_signals(content, path, rate_hz), path, source_id, stream, choice, rate_hz)
        with tempfile.TemporaryDirectory() as folder:  # some readers open the file themselves
            inside = unpack(whole(content), path.name, Path(folder))
            content = HeldBytes(inside.read_bytes())
            found = _recordings(read_signals(content, inside, rate_hz), path, source_id, stream, choice, rate_hz)
            return [replace(recording, pieces=HeldSamples(recording.samples)) for recording in found]


def _digest(path: Path, content: FileBytes) -> str:
    """SHA-256 of a file's content, or of all files in a recording that is a folder."""
    if not path.is_dir():
        return sha256_of(content)
    digest = hashlib.sha256()
    for part in sorted(part for part in path.rglob("*") if part.is_file()):
        digest.update(str(part.relative_to(path)).encode())
        digest.update(hashlib.sha256(part.read_bytes()).digest())
    return digest.hexdigest()


def _recordings(
    found: list[Signals],
    path: Path,
    source_id: str,
    stream: str | None,
    choice: ChannelChoice,
    rate_hz: float | None,
) -> list[Recording]:
    """The recordings of the streams that the user wants; RecordingError if one of them cannot be a stream."""
    chosen = choose_streams(found, path.name, stream, choice, rate_hz)
    left = [signals for index, signals in enumerate(found) if index not in chosen.fates]
    return [
        _recording(
            with_rate(found[index], rate_hz),
            own,
            path,
            source_id,
            found[index].name if chosen.are_several else "",
            choice,
            left,
        )
        for index, own in chosen.fates.items()
    ]


def _recording(
    signals: Signals,
    own: Sequence[Fate],
    path: Path,
    source_id: str,
    suffix: str,
    choice: ChannelChoice,
    left: Sequence[Signals],
) -> Recording:
    """One stream, as its outlet would state it."""
    n_samples = len(signals.times_s)
    if n_samples < 2:
        raise RecordingError(
            f"{path.name} holds {n_samples} samples, expected at least 2", remedy="Give a longer recording"
        )
    labels = tuple(printable_label(label, position) for position, label in enumerate(signals.labels, start=1))
    pieces, units = _numbers(signals, labels, choice)
    eeg = [index for index, fate in enumerate(own) if fate.kind == EEG]
    remarks = [*signals.remarks, *_left_remarks(signals, left), *sample_remarks(pieces, eeg)]
    if signals.pauses:
        remarks.append(f"times count each pause of unknown length as {_UNKNOWN_PAUSE_S:g} s")
    if signals.bad:
        remarks.append(f"the file marks channels as bad: {', '.join(map(printable, signals.bad))}")
    times_s = _times_s(signals)
    events = at_times(signals.events, signals.times_s, times_s)
    if (beside := events_beside(path)) is not None:
        events = at_times(beside[0], signals.times_s - _first_finite(signals.times_s), times_s)
        remarks += beside[1]
    events, more = plausible(events, n_samples)
    remarks += more
    return Recording(
        name="-".join(filter(None, (printable(path.stem) or "recording", suffix))),
        source_id=":".join(filter(None, (source_id, suffix))),
        rate_hz=signals.rate_hz,
        labels=labels,
        types=tuple(fate.kind for fate in own),
        units=units,
        pieces=pieces,
        times_s=times_s,
        remarks=tuple(dict.fromkeys(remarks)),
        bad=tuple(label for label, stated in zip(labels, signals.labels, strict=True) if stated in signals.bad),
        stream=signals.name,
        file_scale=tuple(unit_scale(unit) or 1.0 for unit in signals.units),
        pauses=signals.pauses,
        events=events,
    )


def _numbers(signals: Signals, labels: Sequence[str], choice: ChannelChoice) -> tuple[Samples, tuple[str, ...]]:
    """Samples (C, T) and their units: microvolts, or the file's numbers if its unit is unknown or overridden."""
    scales, units = [], []
    for stated, rule in zip(signals.units, rule_of_each(unit_rules(choice.unit), labels), strict=True):
        scale = None if rule is not None and rule.forced else unit_scale(stated)
        scales.append(1.0 if scale is None else scale)
        units.append(printable(stated) if scale is None else MICROVOLTS)
    return ScaledSamples(signals.read, np.array(scales), len(signals.times_s)), tuple(units)


def _left_remarks(signals: Signals, left: Sequence[Signals]) -> list[str]:
    """Remarks on the channels of the file that are not read with this stream."""
    others = [
        f"{printable(label)} ({other.rate_hz:g} Hz)"
        for other in left
        if other.device == signals.device
        for label in other.labels
    ]
    remarks = [f"the stream {other.name} (type {other.kind}) was left out" for other in left if other.device]
    if others and not signals.device:
        rate = f"{signals.rate_hz:g} Hz"
        remarks.append(f"channels of another rate than the EEG's {rate} were left out: {', '.join(others)}")
    return remarks


def _times_s(signals: Signals) -> NDArray[np.float64]:
    """Seconds (T,) since the first usable timestamp."""
    first_s = _first_finite(signals.times_s)
    times_s = signals.times_s - first_s if first_s else signals.times_s
    if not signals.pauses:
        return times_s
    behind_s = np.zeros(len(times_s))
    behind_s[list(signals.pauses)] = _UNKNOWN_PAUSE_S
    paused_s: NDArray[np.float64] = times_s + np.cumsum(behind_s)
    return paused_s


def _first_finite(times_s: NDArray[np.float64]) -> float:
    """The first usable timestamp; 0 if there is none."""
    finite = times_s[np.isfinite(times_s)]
    return float(finite[0]) if finite.size else 0.0
