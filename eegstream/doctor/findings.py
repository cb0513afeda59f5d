"""What the doctor says."""

from dataclasses import dataclass
from typing import Literal, get_args

Level = Literal["ok", "note", "warning", "problem"]
LEVELS: tuple[Level, ...] = get_args(Level)
"""`problem`: `run` would not start, or not find or take what it should; `warning`: something is likely to go wrong."""


@dataclass(frozen=True)
class Finding:
    """One sentence on what was found, and one on what to do about it; the latter is empty if there is nothing to do."""

    about: str
    """What it is about: software, model, time, lsl, network, outlets, ports or keys."""
    level: Level
    found: str
    remedy: str = ""
