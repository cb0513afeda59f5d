"""Count what recordings bring into a data set of tokens."""

from dataclasses import dataclass, field
from typing import Any

_COUNTED = ("dataset", "subject", "recording", "segment", "first", "n_patches", "t0", "patch_s", "events")


@dataclass
class Gathered:
    """One recording in a data set."""

    recording: str
    dataset: str | None
    subject: str | None
    split: str
    rows: int = 0
    channels: int = 0
    """The most in one stretch."""
    patches: int = 0
    """Of one channel."""
    seconds: float = 0.0
    """From one patch's start to the next, over all patches of a channel."""
    channel_seconds: float = 0.0
    """The same, over all channels."""
    events: int = 0
    """That begin within a stretch."""
    shards: list[str] = field(default_factory=list)
    """Files that hold it, relative to the data set."""


class Counter:
    """Counts recordings of one split from their rows."""

    def __init__(self, split: str) -> None:
        self.found: dict[str, Gathered] = {}
        self._split = split
        self._place: tuple[object, ...] = ()
        self._in_stretch = 0

    def add(self, batch: Any, shard: str) -> None:
        """Count the rows of a batch that stand in `shard`; rows come in order."""
        for row in batch.select(list(_COUNTED)).to_pylist():
            name = row["recording"]
            entry = self.found.setdefault(name, Gathered(name, row["dataset"], row["subject"], self._split))
            place = (name, row["segment"], row["first"])
            if place != self._place:
                self._place, self._in_stretch = place, 0
                length_s = row["n_patches"] * row["patch_s"]
                entry.seconds += length_s
                entry.events += sum(row["t0"] <= event["t"] < row["t0"] + length_s for event in row["events"])
            self._in_stretch += 1
            entry.rows += 1
            entry.channel_seconds += row["n_patches"] * row["patch_s"]
            entry.patches += row["n_patches"]
            entry.channels = max(entry.channels, self._in_stretch)
            if shard not in entry.shards:
                entry.shards.append(shard)
