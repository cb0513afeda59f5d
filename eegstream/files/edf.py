"""Decode EDF, EDF+, BDF and BDF+ with the units, rates and record onsets of the file's own header.

C signals, R records of S samples a signal, T = R * S samples.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eegstream.errors import RecordingError
from eegstream.files.biosemi import epoch_starts, status_channel, triggers
from eegstream.files.edf_annotations import annotations
from eegstream.files.edf_header import EdfChannel, EdfHeader, read_header
from eegstream.files.edf_onsets import record_onsets_s, times_from_onsets
from eegstream.files.edf_records import Records
from eegstream.files.events import FileEvent, at_times
from eegstream.files.file_bytes import FileBytes, count
from eegstream.files.signals import Signals, regular_times_s

_CONVERTED_LINE_ENDS = 16
"""A file with at least this many CR LF pairs and no single LF went through a text conversion."""


@dataclass(frozen=True)
class _Status:
    """BioSemi's status channel, if the file has one."""

    channel: EdfChannel
    digital: NDArray[np.integer]
    """(T,) as stored."""


def read_edf(content: FileBytes, name: str, rate_hz: float | None = None) -> list[Signals]:
    """The signals of an EDF or BDF file, one stream per rate.

    If the header states no rate, `rate_hz` is the rate of the group with most signals.
    """
    header = read_header(content, name)
    if not header.signals:
        raise RecordingError(f"{name} holds annotations only, expected EEG signals", remedy="Give the recording itself")
    if len(content) != header.promised_bytes:
        _refuse_text_damage(content, name)
    records, remarks = _records(content, header, name)
    groups, more = _rate_groups(header, name)
    remarks += more
    duration_s = _record_duration_s(header, groups, rate_hz, name)
    status, noted_bytes = _whole_channels(records)
    onsets_s, more = record_onsets_s(noted_bytes[:1], header, name)
    remarks += more
    pauses, more = _pauses(status)
    remarks += more
    noted, more = annotations(noted_bytes)
    remarks += more
    origin_s = 0.0 if onsets_s is None else float(onsets_s[0])
    events = [replace(event, t_s=event.t_s - origin_s) for event in noted]
    streams = [_stream(records, group, duration_s, onsets_s, pauses, events, status) for group in groups]
    return [
        replace(
            stream,
            name=f"{stream.rate_hz:g} Hz" if len(streams) > 1 else "",
            remarks=(*header.remarks, *remarks, *stream.remarks),
        )
        for stream in streams
    ]


def _whole_channels(records: Records) -> tuple[_Status | None, list[NDArray[np.uint8]]]:
    """The status channel, and the bytes (R, n) of each annotation signal: what is needed before any sample."""
    header = records.header
    channel = status_channel(header)
    found = records.whole([*header.annotations, *([] if channel is None else [channel])])
    return None if channel is None else _Status(channel, records.numbers(found.pop())), found


def _stream(
    records: Records,
    channels: list[EdfChannel],
    duration_s: float,
    onsets_s: NDArray[np.float64] | None,
    pauses: NDArray[np.float64],
    annotated: list[FileEvent],
    status: _Status | None,
) -> Signals:
    """The signals of one rate; `pauses` (n,) counts in records from the first."""
    samples = channels[0].samples
    rate_hz = samples / duration_s
    remarks: list[str] = []
    if onsets_s is None:
        times_s = regular_times_s(records.count * samples, rate_hz)
    else:
        times_s, remarks = times_from_onsets(onsets_s, samples, rate_hz, records.header)
    return Signals(
        rate_hz=rate_hz,
        labels=tuple(channel.label for channel in channels),
        types=("",) * len(channels),
        units=tuple(channel.unit for channel in channels),
        read=lambda start, stop: records.physical(channels, start, stop),
        times_s=times_s,
        remarks=tuple(remarks),
        events=(*annotated, *_triggers(status, duration_s, records.count, times_s)),
        pauses=_known_nowhere(np.ceil(np.round(pauses * samples, 6)).astype(int), times_s, rate_hz),
    )


def _triggers(
    status: _Status | None, duration_s: float, n_records: int, times_s: NDArray[np.float64]
) -> tuple[FileEvent, ...]:
    """The trigger codes of BioSemi's status channel, on the scale of `times_s` (T,); records last `duration_s`."""
    if status is None:
        return ()
    n_samples = len(times_s)
    counted_s = np.arange(n_samples, dtype=np.float64) * (duration_s * n_records / n_samples)
    return at_times(triggers(status.digital, status.channel.samples / duration_s), counted_s, times_s)


def _known_nowhere(first: NDArray[np.intp], times_s: NDArray[np.float64], rate_hz: float) -> tuple[int, ...]:
    """Positions from `first` (n,) at which the times (T,) show no hole: these pauses have an unknown length."""
    positions = (int(position) for position in np.unique(first) if 0 < position < len(times_s))
    return tuple(at for at in positions if times_s[at] - times_s[at - 1] <= 1.5 / rate_hz)


def _pauses(status: _Status | None) -> tuple[NDArray[np.float64], list[str]]:
    """Positions (n,) at which BioSemi's recorder started again, in records from the first, and remarks."""
    if status is None:
        return np.zeros(0), []
    starts, remarks = epoch_starts(status.digital)
    return starts / status.channel.samples, remarks


def _refuse_text_damage(content: FileBytes, name: str) -> None:
    """Raise if a program treated the file as text: then samples are lost or shifted."""
    remedy = "Get the file again in binary mode; this copy cannot be repaired"
    replaced = count(content, b"\xef\xbf\xbd")
    if replaced >= 16 and replaced * 3000 > len(content):
        raise RecordingError(
            f"{name} was damaged by reading it as UTF-8 text ({replaced} replacement characters), "
            "expected binary samples",
            remedy=remedy,
        )
    pairs = count(content, b"\r\n")
    if pairs >= _CONVERTED_LINE_ENDS and count(content, b"\n") == pairs:
        raise RecordingError(
            f"{name} was damaged by a line-end conversion (each of its {pairs} LF bytes follows a CR), "
            "expected binary samples",
            remedy=remedy,
        )


def _records(content: FileBytes, header: EdfHeader, name: str) -> tuple[Records, list[str]]:
    """The whole records in the file, and remarks on their number."""
    held = len(content) - header.header_bytes
    there, left_over = divmod(held, header.record_bytes)
    stated = header.n_records
    if there == 0:
        raise RecordingError(
            f"{name} holds {held} bytes of samples, expected at least one record of {header.record_bytes} bytes",
            remedy="Get the whole file",
        )
    remarks = []
    if stated is None:
        if left_over:
            remarks.append(f"the last {left_over} bytes are not a whole record and were dropped")
    elif there < stated:
        remarks.append(
            f"truncated: the header states {stated} records, the file has {there} whole ones"
            + (f" ({left_over} bytes of an unfinished one were dropped)" if left_over else "")
        )
    elif left_over:
        raise RecordingError(
            f"{name} is {held - stated * header.record_bytes} bytes longer than the {stated} records its header "
            "states, which is not a whole number of records: its samples may be shifted",
            remedy="Get the file again in binary mode",
        )
    elif there > stated:
        remarks.append(f"the header states {stated} records, the file has {there}: all were read")
    if not header.header_bytes_agree and (left_over or there != stated):
        raise RecordingError(
            f"{name} has a header whose own length and number of records both disagree with the file",
            remedy="Get the file again",
        )
    return Records(header, content, there), remarks


def _rate_groups(header: EdfHeader, name: str) -> tuple[list[list[EdfChannel]], list[str]]:
    """The signals that can be scaled, grouped by rate in order of first appearance, and why others are left out."""
    groups: dict[int, list[EdfChannel]] = {}
    remarks = []
    for channel in header.signals:
        if channel.scalable:
            groups.setdefault(channel.samples, []).append(channel)
        else:
            label = channel.label or "a channel without name"
            remarks.append(f"{label} was left out: its {channel.why_not_scalable}")
    if not groups:
        raise RecordingError(
            f"{name} has no signal with a range to scale by ({remarks[0]})", remedy="Export the recording again"
        )
    return list(groups.values()), remarks


def _record_duration_s(header: EdfHeader, groups: list[list[EdfChannel]], rate_hz: float | None, name: str) -> float:
    """Seconds in a record; if the header says 0, `rate_hz` is the rate of the largest group (of two, the faster)."""
    if header.duration_s > 0:
        return header.duration_s
    if rate_hz is None:
        raise RecordingError(
            f"{name} states records of {header.duration_s:g} s, expected more than 0: its sampling rate is unknown",
            remedy="Give the rate with --rate",
        )
    return max((len(group), group[0].samples) for group in groups)[1] / rate_hz
