"""Judge each channel of a source by its stated type, its unit and its label, within the whole montage.

C channels of the source; "" marks what it does not state.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from eegstream.dsp.channel_words import EEG, SPARE, Name
from eegstream.dsp.units import unit_kind, unit_scale

_UNSTATED = frozenset({"", "N/A", "NA", "NONE", "NULL", "UNKNOWN", "UNDEFINED", "UNSPECIFIED", "-", "?"})
"""Texts that mean "no type stated"."""
_FEWEST_OF_NET = 3
"""At least this many labels of the form E1, E2, ... are a net of electrodes; fewer are eye channels."""
OTHER = "MISC"
"""The type of a channel that is not EEG for another reason than its label."""


@dataclass(frozen=True)
class Fate:
    """Whether one channel is kept, and why."""

    kind: str
    """"EEG" if it is kept; else its type."""
    why: str


def printable(text: str) -> str:
    """`text` on one line; each run of blanks and unprintable characters becomes one blank."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


class Montage:
    """All channels of a source; each channel is judged by all of them."""

    def __init__(self, names: Sequence[Name], types: Sequence[str], units: Sequence[str]) -> None:
        self._names = names
        self._types = [_stated(text) for text in types]
        self._units = [unit.strip() for unit in units]
        self._labelled = any(name.body or name.says_eeg for name in names)
        self._is_net = len({name.body.upper() for name in names if name.is_of_net}) >= _FEWEST_OF_NET
        self._has_eeg_prefix = any(name.says_eeg and name.other_type is None for name in names)
        self._voltage_beside = any(
            (name.is_electrode or name.says_eeg) and unit_scale(unit) is not None
            for name, unit in zip(names, self._units, strict=True)
        )

    def fates(self) -> list[Fate]:
        """The fate of each channel."""
        found = [self._fate(index) for index in range(len(self._names))]
        if all(fate.kind != EEG for fate in found):
            # The source calls spare inputs EEG and has no other EEG: the spare inputs were used for EEG.
            found = [
                Fate(EEG, "type EEG") if fate.kind == SPARE and kind == EEG else fate
                for fate, kind in zip(found, self._types, strict=True)
            ]
        return found

    def _fate(self, index: int) -> Fate:
        stated, unit = self._types[index], self._units[index]
        if unit_kind(unit) == "other":
            return Fate(OTHER if stated in ("", EEG) else stated, f"unit {unit}, which is not a voltage")
        if stated not in ("", EEG):
            return Fate(stated, f"type {stated}")
        fate = self._by_label(index, stated)
        if stated == EEG and fate.kind != EEG:
            return Fate(fate.kind, f"{fate.why}, although its type is EEG")
        return fate

    def _by_label(self, index: int, stated: str) -> Fate:
        """Whether the label contradicts a stated type EEG; without a stated type, the fate by the label."""
        name = self._names[index]
        fate = Fate(EEG, "type EEG" if stated else "its label does not name another signal")
        if name.other_type is not None:
            fate = Fate(name.other_type, f"its label says {name.other_type}")
        elif self._labelled and name.is_dummy:
            fate = Fate(OTHER, "its label says that it is not used")
        elif stated == EEG:
            pass
        elif name.is_pol and (self._has_eeg_prefix or not name.is_electrode):
            fate = Fate(OTHER, "its label says POL, which is not an EEG input")
        elif name.is_eye and not self._is_net:
            fate = Fate("EOG", "its label names an eye electrode")
        elif name.is_electrode or name.says_eeg:
            fate = Fate(EEG, "its label names an electrode")
        elif self._voltage_beside and unit_kind(self._units[index]) != "voltage":
            fate = Fate(OTHER, "its label does not name an electrode, and it states no voltage, unlike the electrodes")
        return fate


def _stated(text: str) -> str:
    kind = printable(text).upper()
    return "" if kind in _UNSTATED else kind
