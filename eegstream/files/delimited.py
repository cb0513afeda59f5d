"""Read EEG from text: a header line with channel names, then one line per sample.

C channels, K columns, R rows, T samples.
"""

import re
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.channel_words import EEG
from eegstream.dsp.channels import channel_type
from eegstream.dsp.units import unit_scale
from eegstream.errors import RecordingError
from eegstream.files import openbci
from eegstream.files.rates import measured_rate_hz, timestamp_remarks
from eegstream.files.signals import Signals, regular_times_s
from eegstream.files.tables import Grid, Table, read_table
from eegstream.files.text_bytes import decoded
from eegstream.files.text_clock import Clock
from eegstream.files.text_layouts import Layout, layout_of
from eegstream.files.text_lines import Text, read_text
from eegstream.files.text_rates import SLOWEST_HZ, Rate, rate_in_column_hz, settled_rate, stated_rates_hz
from eegstream.files.text_times import time_unit_s, timestamp_parser

_UNIT_IN_NAME = re.compile(r"(.*?)\s*[\[(]([^\])]*[A-Za-z][^\])]*)[\])]\s*")
_UNIT_BEHIND_NAME = re.compile(r"(.+)[ _]([munµμ]V)", re.IGNORECASE)
_LAST_MAY_LACK = re.compile(r"marker|event|note|comment|annotation|elements|status", re.IGNORECASE)
"""Names of a last column that may be absent in rows without an event."""
_LABELS_OF_EMOTIV = re.compile(r"labels:\s*(.+?)(?:,|$)")


def read_delimited(content: bytes, name: str, rate_hz: float | None = None) -> list[Signals]:
    """The channels of a text table; `rate_hz` is needed if the file has neither times nor a stated rate."""
    text = read_text(decoded(content, name))
    if not text.lines and not text.header:
        raise RecordingError(
            f"{name} holds no line of text, expected a header and samples", remedy="Get the file again"
        )
    text, least = _named(text, name)
    _refuse_features(text, name)
    layout = layout_of(text.header)
    grid = _grid(text, least)
    stated_hz = stated_rates_hz(text.about, text.header)
    if rate_hz is None and not stated_hz and not grid.times and layout.only_hz is None and not _has_rate_column(text):
        raise RecordingError(
            f"{name} has no time column (timestamps, time, t) among {', '.join(text.header[:8])}: its rate is unknown",
            remedy="If this is EEG, give the rate with --rate",
        )
    table = read_table(text.lines, grid, name)
    if len(table.numbers) < 2:
        raise RecordingError(
            f"{name} has {len(table.numbers)} lines of samples below its header, expected a recording",
            remedy="Give a longer recording",
        )
    return [_Reader(text, layout, grid, table, name).signals(rate_hz, stated_hz)]


def _named(text: Text, name: str) -> tuple[Text, int | None]:
    """`text` with a header, and the number of cells in its shortest rows; known layouts get their names added."""
    openbci.refuse_hexadecimal(text, name)
    if text.header:
        if len(text.header) == 1 and len(text.header[0]) > 20:
            raise openbci.refusal_of_numbers(replace(text, probe=()), name)
        open_end = text.n_columns == len(text.header) - 1 and _LAST_MAY_LACK.match(text.header[-1])
        return text, text.n_columns if open_end else None
    if openbci.is_openbci(text.about):
        names, least = openbci.names_of_columns(text, name)
        return replace(text, header=tuple(names)), least
    for found in filter(None, map(_LABELS_OF_EMOTIV.search, text.about)):
        labels = found[1].split()
        if text.n_columns - 2 <= len(labels) <= text.n_columns:
            return replace(text, header=(*labels, *[""] * (text.n_columns - len(labels)))), len(labels)
    raise openbci.refusal_of_numbers(text, name)


def _refuse_features(text: Text, name: str) -> None:
    """Raise for OpenViBE files that are not signals: features, spectra, matrices."""
    if re.fullmatch(r"Time:[\dx]+(:\d+)?", text.header[0]) and "End Time" in text.header:
        raise RecordingError(
            f"{name} holds features or spectra of OpenViBE, expected a signal",
            remedy="Write the signal itself into a CSV file",
        )


def _has_rate_column(text: Text) -> bool:
    """Whether a column may state the rate."""
    return any(re.match(r"sampl\w*[ _]?(rate|freq)|fs$|srate|sfreq", name, re.IGNORECASE) for name in text.header)


def _grid(text: Text, least: int | None) -> Grid:
    """How to cut lines into columns; columns with timestamps as text, or with a name of time, are times."""
    parsers = {}
    for column in range(len(text.header)):
        parser = timestamp_parser([row[column] for row in text.probe if column < len(row)])
        if parser is not None:
            parsers[column] = parser
    named = {column for column, cell in enumerate(text.header) if time_unit_s(cell) is not None}
    return Grid(text.delimiter, text.header, parsers, frozenset(named | set(parsers)), least, text.decimal_comma)


@dataclass(frozen=True)
class _Reader:
    """Turns one table into signals."""

    text: Text
    layout: Layout
    grid: Grid
    table: Table
    name: str

    def signals(self, user_hz: float | None, stated_hz: list[float]) -> Signals:
        """The table's channels, with the rate and the times of its samples."""
        stated_hz = stated_hz or [rate for rate in [rate_in_column_hz(self.text.header, self.table.numbers)] if rate]
        known_hz = user_hz or (stated_hz[0] if stated_hz else None)
        numbers = self.table.numbers
        clock = Clock(self.text, self.grid, self.name, known_hz, known_hz is None and self.layout.only_hz is None)
        column = clock.column(numbers)
        first = openbci.first_samples(numbers, column) if self.layout.name == "OpenBCI" else 0
        numbers = numbers[first:]
        times_s, odd = (None, "") if column is None else clock.seconds(column, numbers)
        rate = self._rate(user_hz, stated_hz, times_s)
        remarks = [*self.table.remarks, *rate.remarks, *self._lost(numbers)]
        if odd and not self.layout.name:
            remarks.append(odd)
        if first:
            remarks.append("the first line holds only zeros and was dropped")
        if times_s is not None:
            remarks += timestamp_remarks(times_s, rate.hz)
        channels = self._channels(column)
        remarks += self._words_left_out()
        named = [self._name_and_unit(index) for index in channels]
        types = tuple(self._type(index, label) for index, (label, _) in zip(channels, named, strict=True))
        self._refuse_without_eeg(types, channels, numbers)
        return Signals(
            rate_hz=rate.hz,
            labels=tuple(label for label, _ in named),
            types=types,
            units=tuple(
                unit or (self.layout.unit if kind == EEG else "") for (_, unit), kind in zip(named, types, strict=True)
            ),
            read=lambda start, stop: numbers[start:stop, channels].T,
            times_s=regular_times_s(len(numbers), rate.hz) if times_s is None else times_s,
            remarks=tuple(remarks),
            timestamped=times_s is not None,
        )

    def _rate(self, user_hz: float | None, stated_hz: list[float], times_s: NDArray[np.float64] | None) -> Rate:
        measured_hz = None if times_s is None else measured_rate_hz(times_s)
        if self.layout.name == "Mind Monitor" and measured_hz is not None and measured_hz < 5 * SLOWEST_HZ:
            raise RecordingError(
                f"{self.name} has {measured_hz:.3g} lines a second: the app left out most samples",
                remedy=self.layout.remedy,
            )
        return settled_rate(user_hz, stated_hz, times_s, self.layout.only_hz, self.layout.name, self.name)

    def _channels(self, time_column: int | None) -> list[int]:
        """Columns (C,) that hold numbers, without the time, its repetitions as text and an empty last column."""
        empty = {column for column, cell in enumerate(self.text.header) if not cell and self._is_empty(column)}
        hidden = {time_column, *self.table.texts, *self.grid.parsers, *empty}
        return [column for column in range(len(self.text.header)) if column not in hidden]

    def _is_empty(self, column: int) -> bool:
        return not np.isfinite(self.table.numbers[:, column]).any()

    def _words_left_out(self) -> list[str]:
        words = [self.text.header[column] for column in self.table.texts]
        words = [word for word in words if (self.layout.column_type(word) or channel_type(word)) == EEG]
        return [f"columns that hold words were left out: {', '.join(words[:8])}"] if words else []

    def _name_and_unit(self, column: int) -> tuple[str, str]:
        """Label and unit of a column such as "Fp1 (uV)"; the unit is "" unless it is known."""
        cell = self.text.header[column]
        unit = self.text.units[column].strip("[]()") if self.text.units else ""
        if unit_scale(unit) is not None and re.search("[A-Za-z]", unit):
            return cell, unit
        for pattern in (_UNIT_IN_NAME, _UNIT_BEHIND_NAME):
            match = pattern.fullmatch(cell)
            if match and unit_scale(match[2]) is not None:
                return match[1], match[2]
        return cell, ""

    def _type(self, column: int, label: str) -> str:
        """The stated type, "" if the label decides; a column without a name that only counts is not EEG."""
        if label in ("", "index", "Unnamed: 0") and np.all(np.diff(self.table.numbers[:, column]) == 1):
            return "COUNTER"
        return "TIME" if column in self.grid.times else self.layout.column_type(label)

    def _lost(self, numbers: NDArray[np.float64]) -> list[str]:
        """A remark if the sample counter jumps: packets were lost on the radio."""
        counters = [c for c, cell in enumerate(self.text.header) if self.layout.column_type(cell) == "COUNTER"]
        if self.layout.name not in ("OpenBCI", "Unicorn Recorder") or not counters:
            return []
        lost = openbci.lost_samples(numbers[:, counters[0]])
        return [f"the sample counter jumps: at least {lost} samples were lost on the radio"] if lost else []

    def _refuse_without_eeg(self, types: tuple[str, ...], channels: list[int], numbers: NDArray[np.float64]) -> None:
        """Raise if a known program's table has no EEG, or if most of its rows have no EEG."""
        if not self.layout.name or "" in types:
            return
        eeg = [column for column, kind in zip(channels, types, strict=True) if kind == EEG]
        filled = np.isfinite(numbers[:, eeg]).any(axis=1).mean() if eeg else 0.0
        if filled < 0.5:
            what = "no EEG, only values derived from it" if not eeg else f"EEG in only {filled:.0%} of its lines"
            raise RecordingError(f"{self.name} holds {what} ({self.layout.name})", remedy=self.layout.remedy)
