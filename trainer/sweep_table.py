"""Compare the runs of a sweep."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SweepRun:
    """A finished run."""

    overrides: tuple[str, ...]
    nrmse: float
    folder: Path


def sweep_table(runs: Sequence[SweepRun]) -> str:
    """A line for each run, the best first: its score, the settings in which the runs differ, and its folder."""
    shared = set.intersection(*(set(run.overrides) for run in runs))
    own = [" ".join(setting for setting in run.overrides if setting not in shared) for run in runs]
    width = max(map(len, own))
    ranked = sorted(zip(runs, own, strict=True), key=lambda pair: (math.isnan(pair[0].nrmse), pair[0].nrmse))
    lines = [f"{len(runs)} runs, the best first:", f"{'val/nrmse':>9}  {'settings':{width}}  folder"]
    return "\n".join([*lines, *(f"{run.nrmse:9.4f}  {named:{width}}  {run.folder}" for run, named in ranked)])
