"""Which plots an evaluation of several bundles gets, from its results."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from trainer.evaluation import comparison_plots


def _point(own: Mapping[str, Any], name: str) -> tuple[float, float, float, float]:
    """Bits, NRMSE and its interval on a set."""
    figure = own["sets"][name]["decodes"]["mse"]
    low, high = figure["nrmse_interval"]
    return own["bits"], figure["nrmse"], low, high


def compared(results: Mapping[str, Any]) -> dict[str, Figure]:
    """Pictures of all bundles side by side."""
    bundles, drawn = results["bundles"], {}
    for number, (bench, found) in enumerate(results["benches"].items()):
        mine = {title: own for title, own in bundles.items() if own["bench"] == bench}
        points = {name: {title: _point(own, name) for title, own in mine.items()} for name in found["curves"]}
        drawn[f"rate and distortion {number}"] = comparison_plots.rate_distortion(found["curves"], points)
        errors = {
            name: {title: own["sets"][name]["decodes"]["mse"]["band_error"] for title, own in mine.items()}
            for name in points
        }
        drawn[f"band errors {number}"] = comparison_plots.bands(errors, "lost share", (0, 0))
        for kind in sorted({kind for own in mine.values() for kind in own["decodes"]}):
            powers = {
                name: {
                    title: own["sets"][name]["decodes"][kind]["band_power"]
                    for title, own in mine.items()
                    if kind in own["decodes"]
                }
                for name in points
            }
            drawn[f"band powers {kind} {number}"] = comparison_plots.bands(powers, "decoded / true", (0.5, 1.5))
        tasks = {
            found["raw"][task]["task"]: {
                "raw": found["raw"][task],
                **{
                    f"{title}, {kind}": own["downstream"][kind][task]
                    for title, own in mine.items()
                    for kind in own["decodes"]
                },
            }
            for task in found["raw"]
        }
        if tasks:
            drawn[f"downstream {number}"] = comparison_plots.downstream(tasks)
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
