"""What the sections of docs/results.md read from a report."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def shipped(report: Mapping[str, Any]) -> dict[str, Any]:
    """The bundles that people get; the others are ablations."""
    return {title: own for title, own in report["bundles"].items() if "-" not in title}


def own_sets(report: Mapping[str, Any]) -> Iterator[tuple[str, Any, str, Any, Any]]:
    """Title, bundle, set, its figures, and those of the decode of least error, of sets at recordings' own rates."""
    for title, own in shipped(report).items():
        for name, figures in own["sets"].items():
            if figures["is_own"]:
                yield title, own, name, figures, figures["decodes"]["mse"]


def between(pair: Sequence[float]) -> str:
    """An interval."""
    return f"{pair[0]:.3f} to {pair[1]:.3f}"
