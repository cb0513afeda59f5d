"""The sections of docs/results.md on `seed` and on what a model's knowledge of the rate is worth."""

from collections.abc import Mapping
from itertools import chain
from typing import Any

from benchmarks.report_reading import between, shipped
from trainer.bundling.model_card import markdown_table

_SEED = """\
One code of 64 000 values for 256 samples at the stream's own rate, beside transform coding of 16 bit at that rate, with
a gain and without, and beside a vector quantiser of as many values for all rates (*VQ*): 16 gains, a sign, 2 000 shapes
([metrics.md](reference/metrics.md)). The same recordings at 256 Hz, too."""

_RATE = """\
NRMSE of validation recordings as devices of other rates would have sent them; *half* and *twice*: the model is told a
wrong rate, where that lies in its range; where telling a wrong rate changes nothing, its lines are left out. At the
stream's own rate patches of different rates have different durations: compare lines, not columns."""


def rate_parts(report: Mapping[str, Any]) -> list[str]:
    """Both sections."""
    return [
        "## One code a patch: `seed`",
        _SEED,
        _seed_table(report),
        "## What the rate is worth",
        _RATE,
        _what_the_rate_is_worth(report),
        _rate_table(report),
    ]


def _seed_table(report: Mapping[str, Any]) -> str:
    (title,) = (title for title in shipped(report) if title.startswith("seed@"))
    rows = []
    for name, figures in report["bundles"][title]["sets"].items():
        if figures["is_own"] or name.endswith(" 256 Hz"):
            mse = figures["decodes"]["mse"]
            row = [name, figures["side"], f"{mse['nrmse']:.3f}", between(mse["nrmse_interval"])]
            rows.append([*row, *(f"{figures[coder]['nrmse']:.3f}" for coder in ("klt", "klt_gain", "gain_shape"))])
    return markdown_table(["data", "side", f"`{title}`", "interval", "KLT, no gain", "KLT, gain", "VQ"], rows)


def _rate_table(report: Mapping[str, Any]) -> str:
    titles = [title for title in report["bundles"] if title.startswith(("seed", "default@", "tokens@"))]
    rates = sorted({row["rate_hz"] for title in titles for rows in _rates(report, title).values() for row in rows})
    rates = [rate_hz for rate_hz in rates if rate_hz in (100, 128, 160, 200, 250, 256, 500, 512, 1000)]
    rows = []
    for title in titles:
        for data_set, by_rate in _rates(report, title).items():
            found = {row["rate_hz"]: row for row in by_rate}
            lines = {told: [found[rate_hz][told] for rate_hz in rates] for told in ("true", "half", "twice")}
            for told, cells in lines.items():
                if told == "true" or any(c not in (None, t) for c, t in zip(cells, lines["true"], strict=True)):
                    rows.append([f"`{title}`", data_set, told, *("" if c is None else f"{c:.3f}" for c in cells)])
    return markdown_table(["bundle", "data", "rate told", *(f"{rate_hz:g} Hz" for rate_hz in rates)], rows)


def _what_the_rate_is_worth(report: Mapping[str, Any]) -> str:
    """A sentence on wrong rates, and one on the ablation if there is one in the report."""
    on, off = (
        [row for title in report["bundles"] if title.startswith(name) for row in chain(*_rates(report, title).values())]
        for name in ("seed@", "seed-no-film@")
    )
    costs = [row[wrong] / row["true"] - 1 for row in on for wrong in ("half", "twice") if row[wrong] is not None]
    text = f"A wrong rate changes the error of `seed` by {min(costs):+.1%} to {max(costs):+.1%}."
    if off:
        changes = [known["true"] / unknown["true"] - 1 for known, unknown in zip(on, off, strict=True)]
        text += f" Knowing the rate changes it by {min(changes):+.1%} to {max(changes):+.1%}, beside `seed-no-film`."
    return text


def _rates(report: Mapping[str, Any], title: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = report["bundles"][title]["rates"]
    return found
