"""Parse the header of EDF and BDF files strictly."""

import math
from dataclasses import dataclass, field
from datetime import datetime

from eegstream.dsp.montage import printable
from eegstream.errors import RecordingError
from eegstream.files.file_bytes import FileBytes

_FIXED_BYTES = 256
_WIDTHS = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)
"""Bytes per signal of the header's columns: label, transducer, unit, physical and digital range, filter, samples."""
_LABEL, _UNIT, _SAMPLES = 0, 2, 8
_LIMITS = (3, 4, 5, 6)  # physical minimum and maximum, digital minimum and maximum

_LONGEST_BYTES = _FIXED_BYTES * (1 + 9999)
"""Of a header with as many signals as its field can state."""

BDF_MAGIC = b"\xffBIOSEMI"


@dataclass(frozen=True)
class EdfChannel:
    """One signal as the header describes it."""

    label: str
    unit: str
    physical_min: float
    physical_max: float
    digital_min: float
    digital_max: float
    samples: int
    """Samples in a record."""
    first_byte: int
    """Where its samples start in a record."""

    @property
    def why_not_scalable(self) -> str:
        """Why there is no factor from digital to physical numbers; "" if there is one."""
        limits = {"digital": (self.digital_min, self.digital_max), "physical": (self.physical_min, self.physical_max)}
        for kind, (low, high) in limits.items():
            if not (math.isfinite(low) and math.isfinite(high)):
                return f"{kind} range is not a pair of numbers"
            if low == high:
                return f"{kind} minimum equals its maximum ({low:g})"
        return ""

    @property
    def scalable(self) -> bool:
        """Whether the header gives a factor to physical numbers."""
        return not self.why_not_scalable


@dataclass(frozen=True)
class EdfHeader:
    """The header's description of the data part."""

    sample_bytes: int
    """2 in EDF, 3 in BDF."""
    kind: str
    """The reserved field: "EDF+C", "EDF+D", "BDF+C", "24BIT", ""."""
    header_bytes: int
    header_bytes_agree: bool
    """Whether the header's own length field states the same length."""
    n_records: int | None
    """The stated number; None if it is not stated (-1 in a recording that was not closed)."""
    duration_s: float
    signals: tuple[EdfChannel, ...]
    annotations: tuple[EdfChannel, ...]
    record_bytes: int
    remarks: tuple[str, ...] = field(default=())

    @property
    def promised_bytes(self) -> int | None:
        """The whole file's length according to the header; None if the number of records is not stated."""
        return None if self.n_records is None else self.header_bytes + self.n_records * self.record_bytes


def looks_like_edf(content: bytes) -> bool:
    """Whether these bytes begin like an EDF or BDF file; the file's name plays no part."""
    if content.startswith((BDF_MAGIC, b"0       ")):
        return True
    fixed = content[:_FIXED_BYTES]
    is_text = len(fixed) == _FIXED_BYTES and all(32 <= byte < 127 for byte in fixed)
    return is_text and fixed[:8].strip().isdigit() and fixed[184:192].strip().isdigit() and b"\n" not in fixed


def read_header(content: FileBytes, name: str) -> EdfHeader:
    """The header of EDF or BDF bytes; RecordingError says which field is wrong."""
    return _HeaderParser(content.read(0, _LONGEST_BYTES), name).parse()


class _HeaderParser:
    """Reads the fields one after the other and collects remarks on harmless errors."""

    def __init__(self, content: bytes, name: str) -> None:
        self._content, self._name = content, name
        self._is_bdf = content.startswith(BDF_MAGIC)
        self._remarks: list[str] = []

    def parse(self) -> EdfHeader:
        kind = "BDF" if self._is_bdf else "EDF"
        if len(self._content) < _FIXED_BYTES:
            raise self._error(f"ends inside its {kind} header ({len(self._content)} bytes)", "Get the whole file")
        if not self._is_bdf and self._fixed(0, 8) != "0":
            self._remarks.append(f"the version field says {self._fixed(0, 8)!r}, expected 0")
        self._check_date()
        n_signals = self._whole("number of signals", self._fixed(252, 256))
        if n_signals < 1:
            raise self._error(f"states {n_signals} signals in its header, expected at least 1")
        header_bytes = _FIXED_BYTES * (n_signals + 1)
        if len(self._content) < header_bytes:
            raise self._error(
                f"states {n_signals} signals, whose header takes {header_bytes} bytes, but has {len(self._content)}",
                "Get the whole file",
            )
        stated_bytes = self._fixed(184, 192)
        agree = stated_bytes == str(header_bytes)
        if not agree:
            self._remarks.append(f"the header's length field says {stated_bytes}, expected {header_bytes}")
        signals = self._signals(n_signals)
        sample_bytes = 3 if self._is_bdf else 2
        is_note = [channel.label in ("EDF Annotations", "BDF Annotations") for channel in signals]
        return EdfHeader(
            sample_bytes=sample_bytes,
            kind=self._fixed(192, 236)[:5].strip(),
            header_bytes=header_bytes,
            header_bytes_agree=agree,
            n_records=self._n_records(),
            duration_s=self._duration_s(),
            signals=tuple(channel for channel, note in zip(signals, is_note, strict=True) if not note),
            annotations=tuple(channel for channel, note in zip(signals, is_note, strict=True) if note),
            record_bytes=sample_bytes * sum(channel.samples for channel in signals),
            remarks=tuple(self._remarks),
        )

    def _signals(self, n_signals: int) -> list[EdfChannel]:
        columns = self._columns(n_signals)
        channels: list[EdfChannel] = []
        first_byte = 0
        for index in range(n_signals):
            label = self._text(columns[_LABEL][index])
            samples = self._whole(f"samples a record of {label!r}", self._text(columns[_SAMPLES][index]))
            if samples < 1:
                raise self._error(f"states {samples} samples a record for {label!r}, expected at least 1")
            limits = [self._text(columns[column][index]) for column in _LIMITS]
            low, high, digital_low, digital_high = (self._number(f"range of {label!r}", text) for text in limits)
            unit = self._text(columns[_UNIT][index])
            channels.append(EdfChannel(label, unit, low, high, digital_low, digital_high, samples, first_byte))
            first_byte += samples * (3 if self._is_bdf else 2)
        if any(ord(char) > 127 for channel in channels for char in channel.label):
            self._remarks.append("channel names hold bytes outside ASCII, read as UTF-8 or else Latin-1")
        return channels

    def _columns(self, n_signals: int) -> list[list[bytes]]:
        """The per-signal fields, column by column as in the file."""
        columns, start = [], _FIXED_BYTES
        for width in _WIDTHS:
            cells = [self._content[start + i * width : start + (i + 1) * width] for i in range(n_signals)]
            columns.append(cells)
            start += n_signals * width
        return columns

    def _check_date(self) -> None:
        """Remark on an invalid start date: nothing uses the date, but it is a sign of damage."""
        date, time = self._fixed(168, 176), self._fixed(176, 184)
        try:
            datetime.strptime(f"{date} {time}", "%d.%m.%y %H.%M.%S")
        except ValueError:
            self._remarks.append(f"the start {date} {time} is not a date")

    def _n_records(self) -> int | None:
        text = self._fixed(236, 244)
        try:
            n_records = int(text)
        except ValueError:
            self._remarks.append(f"the number of records says {text!r}, the records in the file were counted")
            return None
        return n_records if n_records >= 0 else None

    def _duration_s(self) -> float:
        duration_s = self._number("record duration", self._fixed(244, 252))
        if not (math.isfinite(duration_s) and duration_s >= 0):
            raise self._error(f"states records of {duration_s:g} s, expected a positive number")
        return duration_s

    def _fixed(self, start: int, stop: int) -> str:
        return self._text(self._content[start:stop])

    @staticmethod
    def _text(raw: bytes) -> str:
        try:
            return printable(raw.decode("utf-8"))
        except UnicodeDecodeError:
            return printable(raw.decode("latin-1"))

    def _whole(self, what: str, text: str) -> int:
        try:
            return int(text)
        except ValueError:
            raise self._error(f"has {text!r} as {what}, expected a whole number") from None

    def _number(self, what: str, text: str) -> float:
        """A number of the header; one decimal comma is read as a point."""
        try:
            if text.count(",") == 1 and "." not in text:
                number = float(text.replace(",", "."))
                self._remarks.append(f"the {what} has a decimal comma ({text}), read as a point")
                return number
            return float(text)
        except ValueError:
            raise self._error(f"has {text!r} as {what}, expected a number") from None

    def _error(self, what: str, remedy: str = "Get the file again, or export it again") -> RecordingError:
        return RecordingError(f"{self._name} {what}", remedy=remedy)
