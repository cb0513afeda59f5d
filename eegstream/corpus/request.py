"""What the user asks for, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from eegstream.codec.trust import Trust
from eegstream.stream import FileOptions
from eegstream.workers.left_out import Skipped


@dataclass(frozen=True)
class Request:
    """Which recordings are to be encoded, how, and where to."""

    paths: tuple[str, ...]
    folder: Path
    model: str = "default"
    trust: Trust = field(default_factory=Trust)
    device: str = "auto"
    options: FileOptions = field(default_factory=FileOptions)
    format: str = "mcap"
    shard: tuple[int, int] | None = None
    """Which share of how many; None is all."""
    retry_failed: bool = False
    strict: bool = False
    """End at the first recording that fails."""


@dataclass
class Summary:
    """What came of it."""

    found: int
    done_before: int
    encoded: int = 0
    failed: list[Skipped] = field(default_factory=list)
    eeg_s: float = 0.0
    """Of the recordings that were encoded, all their streams together."""
    patches: int = 0
    seconds: float = 0.0
    peak_bytes: int = 0
    """Most memory that one process had; 0 if nothing was done, or the system does not tell."""


Tell = Callable[[str], None]
