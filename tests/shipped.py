"""The bundles that people get by name."""

from pathlib import Path

from eegstream.codec.bundle import find, shipped

NEWEST: list[Path] = sorted({find(path.stem.rpartition("-")[0]) for path in shipped()})
"""The newest version of each."""
