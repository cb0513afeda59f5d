"""The recordings of a model by side, their weights, and their owners."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from eegstream.errors import ConfigError
from eegstream.workers.left_out import Skipped
from trainer.data.left_out import with_left_out
from trainer.data.splits import RecordingSource, Split, SplitDescription, SplitRule, describe_split, require_disjoint


@dataclass(frozen=True)
class Corpus:
    """Recordings by side; no subject is on two sides.

    Raises:
        ConfigError: a subject or a file is on two sides.
    """

    split: Split
    shares: dict[str, float] = field(default_factory=dict)
    """Weight of each data set in training; 1 if not given."""
    attributions: dict[str, str] = field(default_factory=dict)
    """Owner and licence of each data set."""
    root: Path | None = None
    left_out: tuple[Skipped, ...] = ()
    """Recordings that were found or named, and cannot be read at all."""
    drawn_by: SplitRule | None = None
    """The rule that drew the validation subjects at random; None if they were given."""
    guessed: tuple[str, ...] = ()
    """Data sets whose subjects are derived from file names."""

    def __post_init__(self) -> None:
        require_disjoint(self.split)

    def describe(self) -> SplitDescription:
        """Files by side, data set and subject, as in split.json."""
        return describe_split(self.split, self.root)

    def subject_lines(self) -> list[str]:
        """A line for each data set whose subjects are derived from file names: an example, and how to change it."""
        return [
            f"subjects of {name} are derived from file names, such as {one.subject} from {self.shown(one.path)}; if "
            f"that is wrong, set data.source.train.{name}.subject='REGULAR EXPRESSION'"
            for name in self.guessed
            if (one := next((s for sources in self.split.values() for s in sources if s.data_set == name), None))
        ]

    def shown(self, path: str) -> str:
        """A recording's path relative to the root; its name if it is not below the root."""
        below = self.root is not None and Path(path).is_relative_to(self.root)
        return Path(path).relative_to(self.root).as_posix() if self.root and below else Path(path).name


def split_by(rule: SplitRule, sources: Sequence[RecordingSource], left_out: Sequence[Skipped]) -> Split:
    """Recordings by side; an error also names the recordings that are left out.

    Raises:
        ConfigError: a side would have no subject, or a given subject does not exist.
    """
    try:
        return rule(sources)
    except ConfigError as error:
        raise with_left_out(error, left_out) from None
