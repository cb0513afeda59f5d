"""Which plots an evaluation of several bundles gets, from its results."""

from collections.abc import Iterator, Mapping
from typing import Any

from matplotlib.figure import Figure

from trainer.evaluation import comparison_plots

Bundles = Mapping[str, Mapping[str, Any]]
"""What was measured of each bundle, by its title."""


def compared(results: Mapping[str, Any]) -> dict[str, Figure]:
    """Plots of all bundles side by side, by name."""
    bundles: Bundles = results["bundles"]
    drawn: dict[str, Figure] = {}
    for number, (benchmark, found) in enumerate(results["benches"].items()):
        mine = {title: own for title, own in bundles.items() if own["bench"] == benchmark}
        drawn |= {f"{name} {number}": plot for name, plot in _of_benchmark(mine, found)}
    kept = {
        title: {name: s["codes_kept"] for name, s in own["sets"].items() if "codes_kept" in s}
        for title, own in bundles.items()
    }
    kept = {title: lines for title, lines in kept.items() if lines}
    if kept:
        drawn["codes kept"] = comparison_plots.codes_kept(kept)
    by_set: dict[str, dict[str, Any]] = {}
    for title, own in bundles.items():
        for data_set, rows in own["rates"].items():
            by_set.setdefault(data_set, {})[title] = rows
    if any(len(rows) > 1 for lines in by_set.values() for rows in lines.values()):
        drawn["rates"] = comparison_plots.rates(by_set)
    return drawn


def _of_benchmark(bundles: Bundles, found: Mapping[str, Any]) -> Iterator[tuple[str, Figure]]:
    """Plots of the bundles of one benchmark; `found` holds its baselines' curves and what raw recordings answer."""
    names = list(found["curves"])
    points = {name: {title: _point(own, name) for title, own in bundles.items()} for name in names}
    yield "rate and distortion", comparison_plots.rate_distortion(found["curves"], points)
    yield "band errors", comparison_plots.bands(_by_band(bundles, names, "mse", "band_error"), "lost share", (0, 0))
    for kind in sorted({kind for own in bundles.values() for kind in own["decodes"]}):
        powers = _by_band(bundles, names, kind, "band_power")
        yield f"band powers {kind}", comparison_plots.bands(powers, "decoded / true", (0.5, 1.5))
    tasks = {
        raw["task"]: {
            "raw": raw,
            **{
                f"{title}, {kind}": own["downstream"][kind][task]
                for title, own in bundles.items()
                for kind in own["decodes"]
            },
        }
        for task, raw in found["raw"].items()
    }
    if tasks:
        yield "downstream", comparison_plots.downstream(tasks)


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
