"""Decide which channels of a source are EEG, and how many microvolts one of their steps is.

C channels of the source, K of them kept. Live streams, recordings and training data use the same rules.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.channel_words import EEG, take_apart
from eegstream.dsp.montage import OTHER, Fate, Montage, printable
from eegstream.dsp.patterns import matching, split_patterns
from eegstream.dsp.units import UnitRule, rule_of_each, unit_rules, unit_scale
from eegstream.errors import StreamError

COUNTER = "COUNTER"
"""The type of a channel that counts samples."""


@dataclass(frozen=True)
class LeftOut:
    """A channel that is not encoded."""

    label: str
    why: str


@dataclass(frozen=True)
class ChannelChoice:
    """The user's options for channels and units."""

    channels: tuple[str, ...] = ()
    """Patterns of labels, or numbers from 1: these are kept, whatever their types. Empty: by rule."""
    drop: tuple[str, ...] = ()
    """Patterns of channels to leave out."""
    unit: str | None = None
    """Units, in the form that `units.unit_rules` reads."""
    counter: str | None = None
    """Pattern of the one channel in which the device counts its samples."""

    @classmethod
    def of(
        cls,
        channels: str | Sequence[str] | None = None,
        drop: str | Sequence[str] | None = None,
        unit: str | None = None,
        counter: str | None = None,
    ) -> "ChannelChoice":
        """Make a choice from the options' texts.

        Raises:
            ConfigError: a unit is not known.
        """
        unit_rules(unit)
        return cls(split_patterns(channels), split_patterns(drop), unit, counter)


@dataclass(frozen=True)
class ChannelSelection:
    """The channels of a source that are encoded, and their units."""

    kept: tuple[int, ...]
    """Indices (K,) into the source's channels, ascending."""
    labels: tuple[str, ...]
    """Labels (K,) of the kept channels."""
    left_out: tuple[LeftOut, ...]
    unit_scale: NDArray[np.float64]
    """(K,) factors that convert the source's numbers to µV."""
    notes: tuple[str, ...]
    """Assumptions and user options, for `spec.notes`; the same text for the same source."""
    counter: int | None = None
    """Index of the source's channel that counts samples."""


def printable_label(label: str, position: int) -> str:
    """`label` in a form for display and XML: one line, printable; "ch3" if the third channel has no label."""
    return printable(label) or f"ch{position}"


def channel_type(label: str) -> str:
    """Channel type by the label alone: "EEG", or the type that its words name."""
    return take_apart(label).other_type or EEG


def fates(
    labels: Sequence[str], types: Sequence[str], units: Sequence[str], choice: ChannelChoice | None = None
) -> list[Fate]:
    """Decide for each of C channels whether it is EEG; "" marks what the source does not state.

    The user's options count first. Then the stated type counts, unless unit or label contradict it. Then the label
    counts, judged within the whole montage.
    """
    shown = [printable_label(label, position) for position, label in enumerate(labels, start=1)]
    montage = Montage([take_apart(label) for label in labels], types, units)
    found = montage.fates()
    if choice is None:
        return found
    if choice.channels:
        chosen = {index for pattern in choice.channels for index in matching(pattern, shown)}
        found = [
            Fate(EEG, "chosen by --channels")
            if index in chosen
            else Fate(fate.kind if fate.kind != EEG else OTHER, "not among --channels")
            for index, fate in enumerate(found)
        ]
    for pattern in choice.drop:
        for index in matching(pattern, shown):
            found[index] = Fate(found[index].kind if found[index].kind != EEG else OTHER, "left out by --drop")
    for index in [] if choice.counter is None else matching(choice.counter, shown):
        found[index] = Fate(COUNTER, "it counts the samples, as --counter-channel says")
    return found


def select_channels(
    labels: Sequence[str], types: Sequence[str], units: Sequence[str], choice: ChannelChoice | None = None
) -> ChannelSelection:
    """Keep the EEG channels of a source with C `labels`, `types` and `units` ("" where not stated).

    Raises:
        StreamError: no channel is left, or a pattern of the user matches no channel.
        ConfigError: a unit is not known.
    """
    choice = choice or ChannelChoice()
    shown = [printable_label(label, position) for position, label in enumerate(labels, start=1)]
    _require_matches(choice, shown)
    counter = _counter(choice, shown)
    found = fates(labels, types, units, choice)
    kept = [index for index, fate in enumerate(found) if fate.kind == EEG]
    left_out = [LeftOut(label, fate.why) for label, fate in zip(shown, found, strict=True) if fate.kind != EEG]
    if not kept:
        listed = "; ".join(f"{out.label}: {out.why}" for out in left_out[:8])
        raise StreamError(
            f"none of the {len(shown)} channels is EEG ({listed or 'there is none'})",
            remedy="Name the EEG channels with --channels, by labels or numbers",
        )
    kept_labels = [shown[index] for index in kept]
    scale, unit_notes = _scales(kept_labels, [units[index].strip() for index in kept], choice.unit)
    notes = [*_choice_notes(choice), *_label_notes(labels), *unit_notes]
    if counter is not None:
        notes.append(f"samples are counted by the channel {shown[counter]} as --counter-channel says")
    return ChannelSelection(tuple(kept), tuple(kept_labels), tuple(left_out), scale, tuple(notes), counter)


def _counter(choice: ChannelChoice, shown: Sequence[str]) -> int | None:
    """Index of the channel that counts samples; StreamError if the user's pattern does not name one channel."""
    if choice.counter is None:
        return None
    found = matching(choice.counter, shown)
    if len(found) != 1:
        raise StreamError(
            f"--counter-channel has {choice.counter!r}, which matches {len(found)} of the {len(shown)} channels "
            f"({_listed(shown)}), expected one",
            remedy="Give --counter-channel the label of one channel, or its number from 1",
        )
    return found[0]


def _require_matches(choice: ChannelChoice, shown: Sequence[str]) -> None:
    for option, patterns in (("--channels", choice.channels), ("--drop", choice.drop)):
        absent = [pattern for pattern in patterns if not matching(pattern, shown)]
        if absent and (option == "--channels" or len(absent) == len(patterns)):
            raise StreamError(
                f"{option} has {', '.join(absent)}, which matches none of the {len(shown)} channels ({_listed(shown)})",
                remedy=f"Give {option} labels, with * and ?, or numbers from 1",
            )


def _choice_notes(choice: ChannelChoice) -> list[str]:
    said = (("kept", "--channels", choice.channels), ("left out", "--drop", choice.drop))
    return [f"channels {what} as {option} says: {', '.join(which)}" for what, option, which in said if which]


def _label_notes(labels: Sequence[str]) -> list[str]:
    if any(label.strip() for label in labels):
        return []
    return [f"no channel has a label: the channels are called ch1 to ch{len(labels)} by their position"]


def _scales(
    labels: Sequence[str], units: Sequence[str], option: str | None
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Factors (K,) to µV of the kept channels, and a note for every unit that is not used as stated."""
    rules = rule_of_each(unit_rules(option), labels)
    scale = np.empty(len(labels))
    by_note: dict[tuple[str, str], list[str]] = {}
    for k, (label, unit, rule) in enumerate(zip(labels, units, rules, strict=True)):
        stated = unit_scale(unit)
        if stated is not None and not (rule and rule.forced):
            scale[k] = stated
            continue
        scale[k] = rule.scale if rule else 1.0
        by_note.setdefault((_unit_found(unit), _unit_taken(rule)), []).append(label)
    return scale, tuple(f"{found}: {taken} for {_listed(names)}" for (found, taken), names in by_note.items())


def _unit_found(unit: str) -> str:
    """Describe a stated unit that is not used."""
    if not unit:
        return "no unit stated"
    return f"unit {unit!r} is not known" if unit_scale(unit) is None else f"unit {unit!r} overridden"


def _unit_taken(rule: UnitRule | None) -> str:
    return "uV assumed" if rule is None else f"{rule.unit} as --unit says"


def _listed(labels: Sequence[str]) -> str:
    """The labels as one text, at most the first eight."""
    return ", ".join(labels[:8]) + (f" and {len(labels) - 8} more" if len(labels) > 8 else "")
