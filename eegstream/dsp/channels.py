"""Decide which channels of a source are EEG, and in what unit they come.

C channels of the source, K of them kept. Live streams and recordings go through the same rule.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from eegstream.errors import ConfigError, StreamError

EEG = "EEG"

NOT_EEG: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("ECG", "EKG"), "ECG"),
        **dict.fromkeys(("EOG", "HEOG", "VEOG", "REOG", "LEOG", "IEOG", "EYE", "GAZE", "PUPIL"), "EOG"),
        **dict.fromkeys(("EMG", "CHIN"), "EMG"),
        **dict.fromkeys(("RESP", "FLOW", "AIRFLOW", "NASAL", "SNORE", "THOR", "ABDO", "CHEST"), "RESP"),
        **dict.fromkeys(("PPG", "PLET", "PULSE", "HEART", "HR"), "PPG"),
        **dict.fromkeys(("SPO2", "SAO2", "OSAT"), "SPO2"),
        **dict.fromkeys(("CO2", "ETCO2", "CAPNO"), "CO2"),
        **dict.fromkeys(("GSR", "EDA"), "GSR"),
        **dict.fromkeys(("TRIG", "TTL", "PHOTIC"), "TRIG"),
        **dict.fromkeys(("MARKER", "ANNOTATION", "EDF ANNOTATION", "BDF ANNOTATION"), "MARKER"),
        **dict.fromkeys(("COUNTER", "SAMPLE", "PACKET"), "COUNTER"),
        **dict.fromkeys(("AUX", "ANALOG", "DIGITAL", "EXG"), "AUX"),
        **dict.fromkeys(("MISC", "NOT USED", "UNUSED", "LIGHT", "BATT", "BP", "ERG"), "MISC"),
        "STI": "STI",
        "EVENT": "EVENT",
        "ACC": "ACC",
        "GYR": "GYR",
        "TEMP": "TEMP",
        "STATUS": "STATUS",
        "IMP": "IMP",
        "TIME": "TIME",
        "DC": "DC",
    }
)
"""A label that starts with one of these words (any case) names no EEG channel; the value is its type."""

_WORDS_LONGEST_FIRST = sorted(NOT_EEG, key=len, reverse=True)

# Muse calls its spare electrode "Right AUX": this word alone counts anywhere in a label, if it stands by itself.
_AUX_BY_ITSELF = re.compile(r"(?<![A-Z0-9])AUX\d*(?![A-Z0-9])")

_MICROVOLTS_PER_PREFIX = {"": 1e6, "m": 1e3, "u": 1.0, "n": 1e-3}
_LONG_PREFIXES = {"": "", "m": "milli", "u": "micro", "n": "nano"}
_MICROVOLTS_PER_EXPONENT = {"0": 1e6, "-3": 1e3, "-6": 1.0, "-9": 1e-3}
_MICRO_SIGNS = str.maketrans("\u00b5\u03bc", "uu")


def _unit_table() -> dict[str, float]:
    """Factor to µV of every known unit, in lower case and with "u" for both micro signs."""
    table = dict(_MICROVOLTS_PER_EXPONENT)
    for short, scale in _MICROVOLTS_PER_PREFIX.items():
        for name in (f"{short}v", f"{_LONG_PREFIXES[short]}volt", f"{_LONG_PREFIXES[short]}volts"):
            table[name] = scale
    return table


_UNIT_TABLE = _unit_table()
KNOWN_UNITS = "V, mV, uV, nV (or volts, millivolts, microvolts, nanovolts)"


@dataclass(frozen=True)
class LeftOut:
    """A channel that is not encoded."""

    label: str
    why: str


@dataclass(frozen=True)
class ChannelSelection:
    """What of a source is encoded."""

    kept: tuple[int, ...]
    """Indices (K,) into the source's channels, ascending."""
    labels: tuple[str, ...]
    """Labels (K,) of the kept channels."""
    left_out: tuple[LeftOut, ...]
    unit_scale: NDArray[np.float64]
    """(K,) factors that turn the source's numbers into µV."""
    notes: tuple[str, ...]
    """What was assumed, for `spec.notes`; the same text for the same source."""


def unit_scale(unit: str) -> float | None:
    """Microvolts in one `unit`, or None if the unit is missing or unknown."""
    return _UNIT_TABLE.get(unit.strip().lower().translate(_MICRO_SIGNS))


def channel_type(label: str) -> str:
    """LSL type that a label stands for: "EEG", or the class of the word it starts with.

    A leading "EEG", dots and the reference after "-" do not count: "EEG ECG-Ref" is "ECG", "Fc5." is "EEG".
    """
    name = label.strip().upper().removeprefix("EEG").replace(".", "").partition("-")[0].strip()
    for word in _WORDS_LONGEST_FIRST:
        if name.startswith(word):
            return NOT_EEG[word]
    return NOT_EEG["AUX"] if _AUX_BY_ITSELF.search(name.replace("_", " ")) else EEG


def printable_label(label: str, position: int) -> str:
    """`label` as it can be shown and stored in XML: one line, printable; "ch3" where the third has none."""
    return printable(label) or f"ch{position}"


def printable(text: str) -> str:
    """`text` on one line, each run of blanks and of what cannot be shown as one blank."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def select_channels(
    labels: Sequence[str], types: Sequence[str], units: Sequence[str], unit_option: str | None = None
) -> ChannelSelection:
    """Keep the EEG channels of a source with C `labels`, `types` and `units` ("" where not stated).

    `unit_option` "mV" holds where the source states no known unit; "mV!" holds for every channel.
    """
    shown = [printable_label(label, position) for position, label in enumerate(labels, start=1)]
    kept: list[int] = []
    left_out: list[LeftOut] = []
    for index, (label, stated) in enumerate(zip(shown, types, strict=True)):
        kind = stated.strip().upper() or channel_type(label)
        if kind == EEG:
            kept.append(index)
        else:
            left_out.append(LeftOut(label, f"type {kind}"))
    if not kept:
        raise StreamError(
            f"none of the {len(shown)} channels is EEG ({_listed([out.label for out in left_out]) or 'there is none'})",
            remedy="Give EEG channels the type EEG, or labels that do not start with another signal's name",
        )
    kept_labels = [shown[index] for index in kept]
    scale, notes = _scales(kept_labels, [units[index].strip() for index in kept], unit_option)
    return ChannelSelection(tuple(kept), tuple(kept_labels), tuple(left_out), scale, notes)


def _scales(
    labels: Sequence[str], units: Sequence[str], unit_option: str | None
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Factors (K,) to µV of the kept channels, and a note for every unit that was not taken as stated."""
    option = (unit_option or "uV").strip()
    forced = option.endswith("!")
    option = option.removesuffix("!").strip()
    option_scale = unit_scale(option)
    if option_scale is None:
        raise ConfigError(
            f"unit {unit_option!r} is not known; known are {KNOWN_UNITS}",
            remedy="Give one of them to --unit, with ! to override what the source states",
        )
    scale = np.empty(len(labels))
    by_unit: dict[str, list[str]] = {}
    for k, (label, unit) in enumerate(zip(labels, units, strict=True)):
        stated_scale = unit_scale(unit)
        scale[k] = option_scale if forced or stated_scale is None else stated_scale
        if forced or stated_scale is None:
            by_unit.setdefault(unit, []).append(label)
    origin = "as --unit says" if unit_option else "assumed"
    return scale, tuple(_unit_note(unit, names, option, origin) for unit, names in by_unit.items())


def _unit_note(unit: str, labels: Sequence[str], option: str, origin: str) -> str:
    """One sentence on channels whose stated `unit` was not used."""
    if not unit:
        found = "no unit stated"
    elif unit_scale(unit) is None:
        found = f"unit {unit!r} is not known"
    else:
        found = f"unit {unit!r} overridden"
    return f"{found}: {option} {origin} for {_listed(labels)}"


def _listed(labels: Sequence[str]) -> str:
    """The labels in a row, the first eight of many."""
    return ", ".join(labels[:8]) + (f" and {len(labels) - 8} more" if len(labels) > 8 else "")
