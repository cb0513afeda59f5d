"""Read the log of a run, `metrics.csv`."""

import csv
from pathlib import Path

from lightning.pytorch.loggers.csv_logs import ExperimentWriter

_METRICS = ("train/loss", "val/nrmse")
_MOST_POINTS = 200

History = dict[str, list[float | None]]
"""`step`, and the values of some metrics at these steps, as far as they are known there."""


def read_history(run: Path) -> History | None:
    """Loss and score over the steps of the run in this folder; None where it kept no such log, or made no step."""
    try:
        with (run / ExperimentWriter.NAME_METRICS_FILE).open(encoding="utf-8", newline="") as log:
            rows = list(csv.DictReader(log))
    except OSError:
        return None
    found: dict[int, dict[str, float]] = {}
    for metric in _METRICS:
        known = [(int(row["step"]), float(row[metric])) for row in rows if row.get(metric)]
        for number in _spread(len(known)):
            step, value = known[number]
            found.setdefault(step, {})[metric] = round(value, 6)
    steps = sorted(found)
    if len(steps) < 2:
        return None
    return {"step": [*steps], **{metric: [found[step].get(metric) for step in steps] for metric in _METRICS}}


def _spread(count: int) -> list[int]:
    """At most so many of `count` places, the first and the last among them."""
    most = min(count, _MOST_POINTS)
    return [round(number * (count - 1) / max(most - 1, 1)) for number in range(most)]
