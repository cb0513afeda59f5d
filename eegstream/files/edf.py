"""Decode EDF, EDF+, BDF and BDF+ with the units, rates and record onsets of the file's own header.

C signals, R records of S samples a signal, T = R * S samples.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.channels import EEG, channel_type
from eegstream.errors import RecordingError
from eegstream.files.edf_header import EdfChannel, EdfHeader, read_header
from eegstream.files.edf_onsets import record_onsets_s, times_from_onsets
from eegstream.files.signals import Signals, regular_times_s, usual_samples

_CONVERTED_LINE_ENDS = 16
"""So many CR LF pairs and not one LF by itself: the file went through a text conversion."""


@dataclass(frozen=True)
class _Records:
    """The data part of a file: R whole records as rows of bytes."""

    header: EdfHeader
    rows: NDArray[np.uint8]
    """(R, bytes in a record)."""

    def bytes_of(self, channel: EdfChannel) -> NDArray[np.uint8]:
        """The bytes (R, S * sample size) of one signal."""
        return self.rows[:, channel.first_byte : channel.first_byte + channel.samples * self.header.sample_bytes]

    def physical(self, channel: EdfChannel) -> NDArray[np.float64]:
        """Samples (T,) of one signal in the header's unit."""
        raw = np.ascontiguousarray(self.bytes_of(channel))
        if self.header.sample_bytes == 2:
            digital = raw.view("<i2").reshape(-1).astype(np.float64)
        else:
            digital = _int24(raw.reshape(-1, 3)).astype(np.float64)
        gain = (channel.physical_max - channel.physical_min) / (channel.digital_max - channel.digital_min)
        return (digital - channel.digital_min) * gain + channel.physical_min


def read_edf(content: bytes, name: str, rate_hz: float | None = None) -> list[Signals]:
    """The EEG-rate signals of an EDF or BDF file; `rate_hz` serves only a file that states none."""
    header = read_header(content, name)
    if not header.signals:
        raise RecordingError(f"{name} holds annotations only, expected EEG signals", remedy="Give the recording itself")
    if len(content) != header.promised_bytes:
        _refuse_text_damage(content, name)
    records, remarks = _records(content, header, name)
    duration_s = _record_duration_s(header, rate_hz, name)
    channels, more = _channels_of_one_rate(header, duration_s, name)
    remarks += more
    rate = channels[0].samples / duration_s
    onsets_s, more = record_onsets_s([records.bytes_of(channel) for channel in header.annotations[:1]], header, name)
    remarks += more
    if onsets_s is None:
        times_s = regular_times_s(len(records.rows) * channels[0].samples, rate)
    else:
        times_s, more = times_from_onsets(onsets_s, channels[0].samples, rate, header)
        remarks += more
    return [
        Signals(
            rate_hz=rate,
            labels=tuple(channel.label for channel in channels),
            types=("",) * len(channels),
            units=tuple(channel.unit for channel in channels),
            read=lambda index: records.physical(channels[index]),
            times_s=times_s,
            remarks=(*header.remarks, *remarks),
        )
    ]


def _refuse_text_damage(content: bytes, name: str) -> None:
    """Raise if the file once went through a program that took it for text: samples are lost or shifted then."""
    remedy = "Get the file again in binary mode; this copy cannot be repaired"
    replaced = content.count(b"\xef\xbf\xbd")
    if replaced >= 16 and replaced * 3000 > len(content):
        raise RecordingError(
            f"{name} was damaged by reading it as UTF-8 text ({replaced} replacement characters), "
            "expected binary samples",
            remedy=remedy,
        )
    pairs = content.count(b"\r\n")
    if pairs >= _CONVERTED_LINE_ENDS and content.count(b"\n") == pairs:
        raise RecordingError(
            f"{name} was damaged by a line-end conversion (each of its {pairs} LF bytes follows a CR), "
            "expected binary samples",
            remedy=remedy,
        )


def _records(content: bytes, header: EdfHeader, name: str) -> tuple[_Records, list[str]]:
    """The whole records that are really there, and what is odd about their number."""
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
            remarks.append(f"the last {left_over} bytes are no whole record and were dropped")
    elif there < stated:
        remarks.append(
            f"truncated: the header promises {stated} records, {there} whole ones are there"
            + (f" ({left_over} bytes of an unfinished one were dropped)" if left_over else "")
        )
    elif left_over:
        raise RecordingError(
            f"{name} is {held - stated * header.record_bytes} bytes longer than the {stated} records its header "
            "promises, which is no whole number of records: its samples may be shifted",
            remedy="Get the file again in binary mode",
        )
    elif there > stated:
        remarks.append(f"the header promises {stated} records, all {there} that are there were read")
    if not header.header_bytes_agree and (left_over or there != stated):
        raise RecordingError(
            f"{name} has a header whose own length and number of records both disagree with the file",
            remedy="Get the file again",
        )
    rows = np.frombuffer(content, np.uint8, there * header.record_bytes, header.header_bytes)
    return _Records(header, rows.reshape(there, header.record_bytes)), remarks


def _record_duration_s(header: EdfHeader, rate_hz: float | None, name: str) -> float:
    """Seconds in a record; from `rate_hz` where the header says 0."""
    if header.duration_s > 0:
        return header.duration_s
    if rate_hz is None:
        raise RecordingError(
            f"{name} states records of {header.duration_s:g} s, expected more than 0: its sampling rate is unknown",
            remedy="Give the rate with --rate",
        )
    return usual_samples([channel.samples for channel in header.signals if _is_eeg(channel)] or [1]) / rate_hz


def _channels_of_one_rate(header: EdfHeader, duration_s: float, name: str) -> tuple[list[EdfChannel], list[str]]:
    """The signals that share the rate of most EEG channels, and which were left behind."""
    usable = [channel for channel in header.signals if channel.scalable]
    remarks = [
        f"{channel.label or 'a channel without name'} was left out: its {channel.why_not_scalable}"
        for channel in header.signals
        if not channel.scalable
    ]
    eeg = [channel for channel in usable if _is_eeg(channel)]
    if not eeg:
        names = ", ".join(channel.label for channel in header.signals[:8])
        raise RecordingError(
            f"{name} has no EEG channel ({names})",
            remedy="Give a recording that holds EEG",
        )
    samples = usual_samples([channel.samples for channel in eeg])
    others = [channel for channel in usable if channel.samples != samples]
    if others:
        names = ", ".join(f"{channel.label} ({channel.samples / duration_s:g} Hz)" for channel in others)
        remarks.append(f"channels of another rate than the EEG's {samples / duration_s:g} Hz were left out: {names}")
    return [channel for channel in usable if channel.samples == samples], remarks


def _is_eeg(channel: EdfChannel) -> bool:
    return channel_type(channel.label) == EEG


def _int24(triples: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Signed numbers (n,) of little-endian bytes (n, 3)."""
    padded = np.zeros((len(triples), 4), np.uint8)
    padded[:, 1:] = triples
    return padded.view("<i4").reshape(-1) >> 8
