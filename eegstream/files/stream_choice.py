"""Choose which streams of a file are read: those that hold EEG, or the one that the user names."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from eegstream.dsp.channel_words import EEG
from eegstream.dsp.channels import ChannelChoice, fates, printable_label
from eegstream.dsp.montage import Fate
from eegstream.errors import RecordingError
from eegstream.files.signals import Signals

_SLOWEST_HZ = 50.0
"""Channels that are slower than this, with faster EEG in the same file, are not EEG unless the user says so."""


@dataclass(frozen=True)
class ChosenStreams:
    """Which of a file's streams are read."""

    fates: dict[int, list[Fate]]
    """The fate of each channel of each chosen stream, by the stream's number in the file."""
    are_several: bool
    """The file holds several streams of EEG, chosen or not: each is then called by its own name, too."""


def choose_streams(
    found: Sequence[Signals], file: str, stream: str | None, choice: ChannelChoice, rate_hz: float | None
) -> ChosenStreams:
    """The streams of `file` that hold EEG, or the one that `stream` names.

    Raises:
        RecordingError: there is none, or `rate_hz` is given and could belong to several.
    """
    judged = _judged(found, choice)
    with_eeg = [index for index, own in enumerate(judged) if any(fate.kind == EEG for fate in own)]
    usual = [index for index in with_eeg if found[index].kind.upper() == EEG]
    if not choice.channels and any(found[index].rate_hz >= _SLOWEST_HZ for index in usual):
        usual = [index for index in usual if found[index].rate_hz >= _SLOWEST_HZ]
    wanted = usual if stream is None else _named(found, stream, file)
    wanted = [index for index in wanted if index in with_eeg]
    if not wanted:
        raise _no_eeg(found, judged, file, stream)
    if rate_hz is not None and len(wanted) > 1 and any(found[index].rate_hz != rate_hz for index in wanted):
        raise RecordingError(
            f"--rate gives {rate_hz:g} Hz, but {file} holds {len(wanted)} streams of EEG ({_listed(found)})",
            "Name the stream that has this rate with --stream",
        )
    return ChosenStreams({index: judged[index] for index in wanted}, len(usual) > 1)


def _judged(found: Sequence[Signals], choice: ChannelChoice) -> list[list[Fate]]:
    """The fate of each channel of each stream; streams of one device are one montage."""
    judged: list[list[Fate]] = [[] for _ in found]
    for device in dict.fromkeys(signals.device for signals in found):
        own = [index for index, signals in enumerate(found) if signals.device == device]
        labels = [label for index in own for label in found[index].labels]
        types = [kind for index in own for kind in found[index].types]
        units = [unit for index in own for unit in found[index].units]
        fate = iter(fates(labels, types, units))
        for index in own:
            judged[index] = [next(fate) for _ in found[index].labels]
    if not choice.channels and not choice.drop:
        return judged
    return [
        fates(signals.labels, [fate.kind for fate in own], signals.units, choice)
        for signals, own in zip(found, judged, strict=True)
    ]


def _named(found: Sequence[Signals], stream: str, name: str) -> list[int]:
    """The streams that --stream names: by name, with wildcards, or by number from 1."""
    wanted = stream.strip().lower()
    named = [index for index, signals in enumerate(found) if fnmatchcase(signals.name.lower(), wanted)]
    if not named and re.fullmatch("[0-9]{1,9}", wanted) and 1 <= int(wanted) <= len(found):
        named = [int(wanted) - 1]
    if not named:
        raise RecordingError(f"{name} holds no stream {stream!r} ({_listed(found)})", "Correct --stream")
    return named


def _listed(found: Sequence[Signals]) -> str:
    return ", ".join(
        f"{signals.name or f'stream {number}'} (type {signals.kind}, {len(signals.labels)} channels)"
        for number, signals in enumerate(found, start=1)
    )


def _no_eeg(
    found: Sequence[Signals], judged: Sequence[Sequence[Fate]], name: str, stream: str | None
) -> RecordingError:
    others = [signals for signals in found if signals.kind.upper() != EEG]
    if len(others) == len(found) and stream is None:
        return RecordingError(
            f"{name} holds no stream of type EEG (it holds {_listed(found) or 'none'})",
            remedy="If one of them is EEG, name it with --stream",
        )
    fate_of = [
        f"{printable_label(label, number)}: {fate.why}"
        for signals, own in zip(found, judged, strict=True)
        for number, (label, fate) in enumerate(zip(signals.labels, own, strict=True), start=1)
    ]
    more = f" and {len(fate_of) - 8} more" if len(fate_of) > 8 else ""
    return RecordingError(
        f"{name} has no EEG channel ({'; '.join(fate_of[:8]) or 'no channel at all'}{more})",
        remedy="Name the EEG channels with --channels, or give a recording that holds EEG",
    )
