"""Which plots an evaluation of several bundles gets, from its results."""

from collections.abc import Iterator, Mapping
from typing import Any

from matplotlib.figure import Figure

from trainer.evaluation import comparison_plots
from trainer.evaluation.looks import Look, looks_of

Bundles = Mapping[str, Mapping[str, Any]]
"""What was measured of each bundle, by its title."""


def compared(results: Mapping[str, Any]) -> dict[str, Figure]:
    """Plots of all bundles side by side, by name."""
    bundles: Bundles = results["bundles"]
    looks = looks_of(bundles)
    drawn: dict[str, Figure] = {}
    for number, (benchmark, found) in enumerate(results["benches"].items()):
        mine = {title: own for title, own in bundles.items() if own["bench"] == benchmark}
        drawn |= {f"{name} {number}": plot for name, plot in _of_benchmark(mine, found, looks)}
    kept: dict[str, dict[str, Any]] = {}
    for title, own in bundles.items():
        for name, measured in own["sets"].items():
            if "codes_kept" in measured:
                kept.setdefault(name, {})[title] = measured["codes_kept"]
    if kept:
        drawn["codes kept"] = comparison_plots.codes_kept(kept, looks)
    by_set: dict[str, dict[str, Any]] = {}
    for title, own in bundles.items():
        for data_set, rows in own["rates"].items():
            by_set.setdefault(data_set, {})[title] = rows
    if any(len(rows) > 1 for lines in by_set.values() for rows in lines.values()):
        drawn["rates"] = comparison_plots.rates(by_set, looks)
    return drawn


def _of_benchmark(
    bundles: Bundles, found: Mapping[str, Any], looks: Mapping[str, Look]
) -> Iterator[tuple[str, Figure]]:
    """Plots of the bundles of one benchmark; `found` holds its baselines' curves and what raw recordings answer."""
    names = list(found["curves"])
    points = {name: {title: _point(own, name) for title, own in bundles.items()} for name in names}
    yield "rate and distortion", comparison_plots.rate_distortion(found["curves"], points, looks)
    lost = _by_band(bundles, names, "mse", "band_error")
    yield "band errors", comparison_plots.bands(lost, "lost share", (0, 0), looks)
    for kind in sorted({kind for own in bundles.values() for kind in own["decodes"]}):
        powers = _by_band(bundles, names, kind, "band_power")
        yield f"band powers {kind}", comparison_plots.bands(powers, "decoded / true", (0.5, 1.5), looks)
    tasks = {
        raw["task"]: {
            "raw": (None, raw),
            **{
                f"{title}, {kind}": (title, own["downstream"][kind][task])
                for title, own in bundles.items()
                for kind in own["decodes"]
            },
        }
        for task, raw in found["raw"].items()
    }
    if tasks:
        yield "downstream", comparison_plots.downstream(tasks, looks)


def _by_band(bundles: Bundles, sets: list[str], kind: str, metric: str) -> dict[str, dict[str, dict[str, float]]]:
    """A metric of every band by set and title, of the bundles that have a decode of this kind."""
    return {
        name: {
            title: own["sets"][name]["decodes"][kind][metric]
            for title, own in bundles.items()
            if kind in own["decodes"]
        }
        for name in sets
    }


def _point(own: Mapping[str, Any], name: str) -> tuple[float, float, float, float]:
    """Bits, NRMSE and its interval on a set."""
    mse = own["sets"][name]["decodes"]["mse"]
    low, high = mse["nrmse_interval"]
    return own["bits"], mse["nrmse"], low, high
