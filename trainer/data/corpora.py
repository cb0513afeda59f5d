"""What a model is made from: recordings by side, their weights, and whose they are."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from eegstream.errors import ConfigError
from trainer.data.left_out import Skipped, with_left_out
from trainer.data.splits import RecordingSource, Split, SplitDescription, SplitRule, describe_split, require_disjoint


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
    guessed: tuple[str, ...] = ()
    """Data sets whose subjects are told from the names of files alone."""

    def __post_init__(self) -> None:
        require_disjoint(self.split)

    def describe(self) -> SplitDescription:
        """Files by side, data set and subject: what is written out beside a run."""
        return describe_split(self.split, self.root)

    def subject_lines(self) -> list[str]:
        """For each data set whose subjects are told from names, what that led to, and how to say otherwise."""
        return [
            f"subjects of {name} told from file names, as {one.subject} from {self.shown(one.path)}; if that is wrong, "
            f"set data.source.train.{name}.subject='EXPRESSION'"
            for name in self.guessed
            if (one := next((s for sources in self.split.values() for s in sources if s.data_set == name), None))
        ]

    def shown(self, path: str) -> str:
        """A recording's path below the root, or its name."""
        below = self.root is not None and Path(path).is_relative_to(self.root)
        return Path(path).relative_to(self.root).as_posix() if self.root and below else Path(path).name


def split_by(rule: SplitRule, sources: Sequence[RecordingSource], left_out: Sequence[Skipped]) -> Split:
    """Recordings by side; where they do not make a split, what is left out is told with it.

    Raises:
        ConfigError: a side would have no subject, or a subject is not there.
    """
    try:
        return rule(sources)
    except ConfigError as error:
        raise with_left_out(error, left_out) from None
