"""Plots that compare models, made of the results of an evaluation; `looks` tells how each model is drawn in all."""

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from trainer.evaluation.looks import FAINT, GRID, INK, PAGE, RAW, SHADE, Look, axes_grid, label_axes, legend_above
from trainer.evaluation.metrics import BANDS_HZ

Points = Sequence[tuple[float, float]]
Looks = Mapping[str, Look]

_LABELLED = 5
"""More bars than that beside each other have no room for numbers."""
_NEAR = 1.1
"""Ticks whose ratio is less have no room beside each other."""
_SAME_BITS, _ASIDE = 0.02, 1.1
_LINE_STYLES: Mapping[str, Mapping[str, Any]] = {
    "KLT + Lloyd-Max, gain": {"color": RAW, "ls": "-", "lw": 1.2},
    "KLT + Lloyd-Max, no gain": {"color": FAINT, "ls": "-", "lw": 3.2, "zorder": 1.5},
    "KLT, gain, entropy coded (variable rate)": {"color": RAW, "ls": "--", "lw": 1.4},
    "Gaussian reverse water-filling, own KLT": {"color": FAINT, "ls": ":", "lw": 1.8},
}


def rate_distortion(
    curves: Mapping[str, Mapping[str, Points]],
    points: Mapping[str, Mapping[str, tuple[float, float, float, float]]],
    looks: Looks,
) -> Figure:
    """NRMSE over bits: lines of baselines by set and name, and (bits, NRMSE, low, high) of models by set and title."""
    figure, axes = axes_grid(len(curves), 2, width=5.4, height=3.9)
    for axis, (name, lines) in zip(chain(*axes), curves.items(), strict=True):
        for label, line in lines.items():
            axis.plot(*zip(*line, strict=True), label=label, **_LINE_STYLES[label])
        found = points.get(name, {})
        places = _side_by_side({title: bits for title, (bits, *_) in found.items()})
        for title, (_, nrmse, low, high) in found.items():
            place, look = places[title], looks[title]
            between = [[max(nrmse - low, 0)], [max(high - nrmse, 0)]]
            axis.errorbar(place, nrmse, between, color=look.colour, capsize=3, lw=1.2)
            axis.plot(place, nrmse, look.marker, color=look.colour, ms=7, mec=PAGE, mew=0.6, label=title, zorder=3)
        axis.set_xscale("log", base=2)
        ticks = [b for b in (8, 16, 32, 64, 128, 256, 512) if axis.get_xlim()[0] <= b <= axis.get_xlim()[1]]
        axis.set_xticks(ticks, labels=[str(b) for b in ticks])
        axis.grid(color=GRID, lw=0.7)
        axis.set_ylim(0, 1)
        axis.set_title(name, fontsize=10)
    label_axes(axes, "bits of a window, everything counted", "NRMSE")
    legend_above(figure)
    return figure


def bands(
    shares: Mapping[str, Mapping[str, Mapping[str, float]]], ylabel: str, wanted: tuple[float, float], looks: Looks
) -> Figure:
    """A share of every band by set and title; `wanted` is shaded. Bars are to scale, however tall."""
    figure, axes = axes_grid(len(shares), 1, width=9.0, height=2.3)
    names = list(BANDS_HZ)
    for (axis,), (name, bars_of) in zip(axes, shares.items(), strict=True):
        width = 0.84 / max(len(bars_of), 1)
        for number, (title, found) in enumerate(bars_of.items()):
            places = [names.index(band) + width * (number - (len(bars_of) - 1) / 2) for band in found]
            bars = axis.bar(places, list(found.values()), width * 0.9, color=looks[title].colour, label=title)
            told = [f"{share:.2f}" if len(bars_of) <= _LABELLED else "" for share in found.values()]
            axis.bar_label(bars, told, fontsize=6.5, padding=1)
        axis.axhspan(*wanted, color=SHADE, zorder=0)
        axis.axhline(1, color=RAW, lw=0.8, ls="--")
        axis.set_xticks(range(len(names)), labels=[f"{b} {lo:g}-{hi:g} Hz" for b, (lo, hi) in BANDS_HZ.items()])
        axis.set_xlim(-0.6, len(names) - 0.4)
        tallest = max((share for found in bars_of.values() for share in found.values()), default=1.0)
        axis.set_ylim(0, 1.15 * max(tallest, 1.0, *wanted))
        axis.set_title(name, fontsize=9, loc="left")
    label_axes(axes, "", ylabel)
    legend_above(figure)
    return figure


def codes_kept(lines: Mapping[str, Mapping[str, Sequence[float]]], looks: Looks) -> Figure:
    """NRMSE by the number of codes that are kept, of each set by title."""
    figure, axes = axes_grid(len(lines), 2, width=5.4, height=2.9)
    for axis, (name, by_title) in zip(chain(*axes), lines.items(), strict=True):
        for title, line in by_title.items():
            axis.plot(range(1, len(line) + 1), line, label=title, **_line(looks[title]))
        axis.set_ylim(0, 1.05)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.set_title(name, fontsize=9)
        axis.grid(color=GRID, lw=0.7)
    label_axes(axes, "codes kept of a patch", "NRMSE")
    legend_above(figure)
    return figure


def rates(lines: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]], looks: Looks) -> Figure:
    """NRMSE by the source's rate, told truly and wrongly, of each data set by title."""
    figure, axes = axes_grid(len(lines), 2, width=5.4, height=3.4)
    for axis, (data_set, by_title) in zip(chain(*axes), lines.items(), strict=True):
        for title, rows in by_title.items():
            rates_hz = [row["rate_hz"] for row in rows]
            axis.plot(rates_hz, [row["true"] for row in rows], label=title, **_line(looks[title]))
            for wrong, marker in (("half", "v"), ("twice", "^")):
                differs = [math.nan if row[wrong] in (None, row["true"]) else row[wrong] for row in rows]
                axis.plot(rates_hz, differs, marker, color=looks[title].colour, ms=4, mfc=PAGE, ls=":", lw=0.9)
        axis.set_xscale("log")
        ticks = _apart({row["rate_hz"] for rows in by_title.values() for row in rows})
        axis.set_xticks(ticks, labels=[f"{tick:g}" for tick in ticks])
        axis.minorticks_off()
        axis.set_ylim(0, 1)
        axis.grid(color=GRID, lw=0.7)
        axis.set_title(f"{data_set} (hollow: ▽ half, △ twice the rate told)", fontsize=9)
    label_axes(axes, "rate of the source, Hz", "NRMSE")
    legend_above(figure)
    return figure


def downstream(tasks: Mapping[str, Mapping[str, tuple[str | None, Mapping[str, Any]]]], looks: Looks) -> Figure:
    """Share of windows told right, with its interval, of each task by what was heard: of which bundle, if any."""
    longest = max(len(answers) for answers in tasks.values())
    figure, axes = axes_grid(len(tasks), 2, width=5.6, height=0.9 + 0.24 * longest)
    for axis, (task, answers) in zip(chain(*axes), tasks.items(), strict=True):
        for place, (title, answer) in enumerate(answers.values()):
            colour, marker = (looks[title].colour, looks[title].marker) if title else (INK, "o")
            axis.plot(answer["interval"], [place, place], color=colour, lw=1.6)
            axis.plot(answer["accuracy"], place, marker, color=colour, ms=6, mec=PAGE, mew=0.4)
        found = [answer for _, answer in answers.values()]
        axis.axvline(found[0]["chance"], color=RAW, lw=1, ls="--")
        axis.set_yticks(range(len(answers)), labels=list(answers))
        axis.set_ylim(len(answers) - 0.4, -0.6)
        axis.set_xlim(min(0.35, *(answer["interval"][0] - 0.05 for answer in found)), 1.02)
        axis.set_title(f"{task} (dashed: chance)", fontsize=9)
        axis.grid(color=GRID, lw=0.7, axis="x")
    label_axes(axes, "windows told right", "")
    return figure


def _side_by_side(bits: Mapping[str, float]) -> dict[str, float]:
    """Where bundles are drawn by their bits: those of the same bits beside each other, so that none hides another."""
    alike = {title: [other for other in bits if abs(bits[other] / own - 1) < _SAME_BITS] for title, own in bits.items()}
    return {
        title: own * _ASIDE ** (alike[title].index(title) - (len(alike[title]) - 1) / 2) for title, own in bits.items()
    }


def _line(look: Look) -> dict[str, Any]:
    """How a bundle's line is drawn."""
    return {"color": look.colour, "ls": look.line, "lw": look.width, "marker": look.marker, "ms": 6, "mew": 0}


def _apart(ticks: set[float]) -> list[float]:
    """Those that have room beside each other on a logarithmic axis."""
    kept: list[float] = []
    for tick in sorted(ticks):
        if not kept or tick >= _NEAR * kept[-1]:
            kept.append(tick)
    return kept
