"""Turn the rows of a recording into sequences of tokens.

P patches, C channels, G codes of a patch, T tokens.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import groupby
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from eegstream.tables.columns import codes_of, flags_of
from eegstream.token_rows import GAP, SEPARATOR

Layout = Literal["channel", "interleaved"]
"""A sequence for each channel; or one of all channels, patch by patch."""


@dataclass(frozen=True)
class TokenSequence:
    """Tokens of one recording, with what is known of each; -1 and NaN stand for nothing."""

    tokens: NDArray[np.int64]
    """(T,)"""
    position: NDArray[np.int16]
    """(T,) which code of its patch a token is."""
    channel: NDArray[np.int64]
    """(T,) number of its channel in the data set's list."""
    t: NDArray[np.float64]
    """(T,) time of its patch in its recording, seconds."""
    flags: NDArray[np.uint8]
    """(T,) flags of its patch and channel."""
    event: NDArray[np.int64]
    """(T,) number of its patch's event in the data set's list of labels."""

    def __len__(self) -> int:
        return len(self.tokens)

    def part(self, start: int, stop: int) -> "TokenSequence":
        """The tokens from `start` to before `stop`."""
        return TokenSequence(*(getattr(self, field.name)[start:stop] for field in fields(self)))


def joined(sequences: Sequence[TokenSequence]) -> TokenSequence:
    """One after the other."""
    return TokenSequence(
        *(np.concatenate([getattr(one, field.name) for one in sequences]) for field in fields(TokenSequence))
    )


def special(token: int, count: int = 1) -> TokenSequence:
    """Tokens that belong to no patch."""
    nothing = np.full(count, -1, np.int64)
    return TokenSequence(
        tokens=np.full(count, token, np.int64),
        position=nothing.astype(np.int16),
        channel=nothing,
        t=np.full(count, np.nan),
        flags=np.zeros(count, np.uint8),
        event=nothing,
    )


@dataclass(frozen=True)
class Writing:
    """How codes become tokens."""

    offsets: NDArray[np.int64]
    """(G,) token of the value 0 of each code."""
    channels: Sequence[str]
    labels: Sequence[str]
    layout: Layout
    separator: bool
    """Whether a separator stands between the patches of a run."""


@dataclass(frozen=True)
class _Stretch:
    """All channels of consecutive patches."""

    place: tuple[int, int]
    """Segment and first patch."""
    channels: tuple[str, ...]
    codes: NDArray[np.uint16]
    """(C, P, G)"""
    flags: NDArray[np.uint8]
    """(C, P)"""
    t: NDArray[np.float64]
    """(P,)"""
    event: NDArray[np.int64]
    """(P,)"""

    def follows(self, before: "_Stretch") -> bool:
        """Whether its patches come right after those of another one."""
        return self.place == (before.place[0], before.place[1] + len(before.t)) and self.channels == before.channels


def sequences(batches: Iterable[Any], writing: Writing) -> Iterator[TokenSequence]:
    """The sequences of one recording, whose rows come in order.

    Each is one channel, or all channels interleaved; a gap token stands where patches do not follow each other.
    """
    stretches = list(_stretches(batches, writing.labels))
    numbers = {label: number for number, label in enumerate(writing.channels)}
    if writing.layout == "interleaved":
        yield _sequence([(s, list(range(len(s.channels)))) for s in stretches], numbers, writing)
        return
    wanted = dict.fromkeys((label, which) for s in stretches for label, which in _named(s.channels))
    for key in wanted:
        rows = [(s, [i for i, one in enumerate(_named(s.channels)) if one == key]) for s in stretches]
        yield _sequence([(s, row) for s, row in rows if row], numbers, writing)


def _named(labels: Sequence[str]) -> list[tuple[str, int]]:
    """Labels with a number that distinguishes equal ones."""
    return [(label, labels[:place].count(label)) for place, label in enumerate(labels)]


def _sequence(parts: Sequence[tuple[_Stretch, list[int]]], numbers: dict[str, int], writing: Writing) -> TokenSequence:
    pieces: list[TokenSequence] = []
    before: _Stretch | None = None
    for stretch, rows in parts:
        if before is not None and not stretch.follows(before):
            pieces.append(special(GAP))
        elif before is not None and writing.separator:
            pieces.append(special(SEPARATOR))
        pieces.append(_of_stretch(stretch, rows, numbers, writing))
        before = stretch
    return joined(pieces)


def _of_stretch(stretch: _Stretch, rows: list[int], numbers: dict[str, int], writing: Writing) -> TokenSequence:
    """The tokens of some channels of a stretch, patch by patch."""
    codes = stretch.codes[rows].transpose(1, 0, 2).astype(np.int64) + writing.offsets  # (P, C, G)
    shape = codes.shape
    channel = np.array([numbers[stretch.channels[row]] for row in rows])
    columns = TokenSequence(
        tokens=codes,
        position=np.broadcast_to(np.arange(shape[2], dtype=np.int16), shape),
        channel=np.broadcast_to(channel[None, :, None], shape),
        t=np.broadcast_to(stretch.t[:, None, None], shape),
        flags=np.broadcast_to(stretch.flags[rows].T[:, :, None], shape),
        event=np.broadcast_to(stretch.event[:, None, None], shape),
    )
    between = special(SEPARATOR)
    flat = []
    for field in fields(TokenSequence):
        values = getattr(columns, field.name).reshape(shape[0], -1)
        if writing.separator:
            separators = np.broadcast_to(getattr(between, field.name), (shape[0], 1))
            values = np.concatenate([values, separators], axis=1).reshape(-1)[:-1]
        flat.append(values.reshape(-1))
    return TokenSequence(*flat)


def _stretches(batches: Iterable[Any], labels: Sequence[str]) -> Iterator[_Stretch]:
    numbers = {label: number for number, label in enumerate(labels)}
    for (segment, first), rows in groupby(_rows(batches), key=lambda row: (row[0]["segment"], row[0]["first"])):
        plain, codes, flags = zip(*rows, strict=True)
        head = plain[0]
        even = head["t0"] + np.arange(head["n_patches"]) * head["patch_s"]
        t = even if head["t"] is None else np.array(head["t"])
        yield _Stretch(
            place=(segment, first),
            channels=tuple(row["channel"] for row in plain),
            codes=np.stack(codes),
            flags=np.stack(flags),
            t=t,
            event=_event_of_each(t, head["patch_s"], head["events"], numbers),
        )


def _rows(batches: Iterable[Any]) -> Iterator[tuple[dict[str, Any], NDArray[np.uint16], NDArray[np.uint8]]]:
    names = ["segment", "first", "n_patches", "channel", "t0", "patch_s", "t", "events"]
    for batch in batches:
        yield from zip(batch.select(names).to_pylist(), codes_of(batch), flags_of(batch), strict=True)


def _event_of_each(
    t: NDArray[np.float64], patch_s: float, events: Sequence[dict[str, Any]], numbers: dict[str, int]
) -> NDArray[np.int64]:
    """The event of each patch (P,): one that begins in it, or lasts over its middle; of several, the one begun last."""
    found = np.full(len(t), -1, np.int64)
    for event in sorted(events, key=lambda event: float(event["t"])):
        begins = (event["t"] >= t) & (event["t"] < t + patch_s)
        middle = t + patch_s / 2
        lasts = (event["t"] <= middle) & (middle < event["t"] + (event["duration"] or 0.0))
        found[begins | lasts] = numbers[event["label"]]
    return found
