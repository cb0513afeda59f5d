"""Recordings below a folder, chosen by patterns of their names."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eegstream.errors import ConfigError
from trainer.data.corpora import Corpus, split_by
from trainer.data.sources.selections import RecordingSelection, find_sources, selection
from trainer.data.splits import SIDES, SplitRule


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
    """Recordings below a folder; each side has selections by data set.

    Without `val`, a `SplitRule` holds out some of the training side's subjects.

    Raises:
        ConfigError: a selection is wrong, or no split can be made.
    """
    below = Path(root).expanduser()
    chosen: dict[str, dict[str, RecordingSelection]] = {
        side: {name: selection(side, name, s) for name, s in (sets or {}).items() if s is not None}
        for side, sets in zip(SIDES, (train, val, test), strict=True)
    }
    if not chosen["train"]:
        raise ConfigError("data.source.train has no data set", "Give at least one selection")
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
        guessed=tuple(dict.fromkeys(name for sets in chosen.values() for name, s in sets.items() if s.subject is None)),
    )
