"""What a model is made from: recordings by side, their weights, and whose they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eegstream.errors import ConfigError
from trainer.data.left_out import Skipped, with_left_out
from trainer.data.selections import Selection, find_sources, selection
from trainer.data.splits import SIDES, Source, Split, SplitRule, describe_split, require_disjoint


@dataclass(frozen=True)
class Corpus:
    """Recordings by side; no subject stands on two.

    Raises:
        ConfigError: one does.
    """

    split: Split
    shares: dict[str, float] = field(default_factory=dict)
    """Weight of each data set in training; 1 where nothing is said."""
    attributions: dict[str, str] = field(default_factory=dict)
    """Whose data each data set is and under which licence."""
    root: Path | None = None
    left_out: tuple[Skipped, ...] = ()
    """What was found, or named, and cannot even be tried."""
    drawn_by: SplitRule | None = None
    """What drew at random who validates; None where somebody said it."""

    def __post_init__(self) -> None:
        require_disjoint(self.split)

    def describe(self) -> dict[str, dict[str, dict[str, list[str]]]]:
        """Files by side, data set and subject: what is written out beside a run."""
        return describe_split(self.split, self.root)

    def shown(self, path: str) -> str:
        """A recording's path below the root, or its name."""
        below = self.root is not None and Path(path).is_relative_to(self.root)
        return Path(path).relative_to(self.root).as_posix() if self.root and below else Path(path).name


def synthetic(
    rates_hz: Sequence[float], channels: int, seconds: float, recordings: Mapping[str, int], seed: int
) -> Corpus:
    """Made-up EEG, so many recordings on each side, their rates in turn; every recording has its own seed."""

    def source(side: str, number: int) -> Source:
        own_seed = seed + 1000 * SIDES.index(side) + number
        rate_hz = rates_hz[number % len(rates_hz)]
        path = f"synthetic:rate={rate_hz:g},channels={channels},seconds={seconds:g},seed={own_seed}"
        return Source("synthetic", str(own_seed), path)

    return Corpus(
        {side: [source(side, number) for number in range(recordings.get(side, 0))] for side in SIDES},
        attributions={"synthetic": "made up by eegstream, no recording"},
    )


def folder(  # noqa: PLR0913, PLR0917  (its arguments are the settings, one by one as configs/data names them)
    root: str,
    train: Mapping[str, Any],
    val: Mapping[str, Any] | None = None,
    test: Mapping[str, Any] | None = None,
    hold_out_share: float = 0.2,
    hold_out: Sequence[Any] = (),
    split_file: str | None = None,
    seed: int = 0,
) -> Corpus:
    """Recordings below a folder; each side names data sets by selections.

    Without `val`, some of the training side's subjects are held out by a `SplitRule`.

    Raises:
        ConfigError: the selections do not make a split.
    """
    below = Path(root).expanduser()
    chosen: dict[str, dict[str, Selection]] = {
        side: {name: selection(side, name, s) for name, s in (sets or {}).items() if s is not None}
        for side, sets in zip(SIDES, (train, val, test), strict=True)
    }
    if not chosen["train"]:
        raise ConfigError("data.source.train names no data set", "Name at least one")
    found = {side: find_sources(below, sets) for side, sets in chosen.items() if sets}
    split = {side: sources for side, (sources, _) in found.items()}
    left_out = tuple(dict.fromkeys(one for _, lost in found.values() for one in lost))
    rule = None
    if "val" not in split:
        rule = SplitRule(hold_out_share, tuple(map(str, hold_out)), split_file, seed)
        split |= split_by(rule, split["train"], left_out)
    return Corpus(
        split,
        shares={name: s.share for name, s in chosen["train"].items()},
        attributions={name: s.attribution for sets in chosen.values() for name, s in sets.items()},
        root=below,
        left_out=left_out,
        drawn_by=rule if rule and rule.draws else None,
    )


def split_by(rule: SplitRule, sources: Sequence[Source], left_out: Sequence[Skipped]) -> Split:
    """Recordings by side; where they do not make a split, what is left out is told with it.

    Raises:
        ConfigError: a side would have no subject, or a subject is not there.
    """
    try:
        return rule(sources)
    except ConfigError as error:
        raise with_left_out(error, left_out) from None
