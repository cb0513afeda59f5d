"""Plots that compare models, made of the results of an evaluation."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from trainer.evaluation.metrics import BANDS_HZ
from trainer.evaluation.plots import SET_COLOURS, axes_grid, label_axes

Points = Sequence[tuple[float, float]]
_TALLEST = 1.6
"""Bars are cut off here, their number on top."""
_LABELLED = 5
"""More bars than that beside each other have no room for numbers."""
_LINE_STYLES = {
    "KLT + Lloyd-Max, gain": ("#5f6b76", "-"),
    "KLT + Lloyd-Max, no gain": ("#a7b0b8", "-"),
    "KLT, gain, entropy coded (variable rate)": ("#5f6b76", "--"),
    "Gaussian reverse water-filling, own KLT": ("#a7b0b8", ":"),
}


def rate_distortion(
    curves: Mapping[str, Mapping[str, Points]], points: Mapping[str, Mapping[str, tuple[float, float, float, float]]]
) -> Figure:
    """NRMSE over bits: lines of baselines by set and name, and (bits, NRMSE, low, high) of models by set and title."""
    columns = min(2, len(curves))
    figure, axes = axes_grid(-(-len(curves) // columns), columns, width=5.4, height=3.9)
    flat = [axis for row in axes for axis in row]
    titles = sorted({title for own in points.values() for title in own})
    for axis, (name, lines) in zip(flat, curves.items(), strict=False):
        for label, line in lines.items():
            colour, style = _LINE_STYLES[label]
            axis.plot(*zip(*line, strict=True), color=colour, ls=style, lw=1.4, label=label)
        for title, (bits, nrmse, low, high) in points.get(name, {}).items():
            colour = SET_COLOURS[titles.index(title) % len(SET_COLOURS)]
            axis.errorbar(bits, nrmse, [[max(nrmse - low, 0)], [max(high - nrmse, 0)]], color=colour, capsize=2, lw=1)
            axis.plot(bits, nrmse, "o", color=colour, ms=6, label=title)
        axis.set_xscale("log", base=2)
        ticks = [b for b in (8, 16, 32, 64, 128, 256, 512) if axis.get_xlim()[0] <= b <= axis.get_xlim()[1]]
        axis.set_xticks(ticks, labels=[str(b) for b in ticks])
        axis.grid(color="0.92", lw=0.7)
        axis.set_ylim(0, 1)
        axis.set_title(name, fontsize=10)
    for axis in flat[len(curves) :]:
        axis.set_visible(False)
    label_axes(axes, "bits of a window, everything counted", "NRMSE")
    handles = {label: handle for axis in flat for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)}
    figure.legend(handles.values(), handles.keys(), frameon=False, fontsize=8, ncols=3, loc="outside upper center")
    return figure


def bands(shares: Mapping[str, Mapping[str, Mapping[str, float]]], ylabel: str, wanted: tuple[float, float]) -> Figure:
    """A share of every band by set and label; `wanted` is shaded."""
    figure, axes = axes_grid(len(shares), 1, width=9.0, height=2.3)
    names = list(BANDS_HZ)
    for (axis,), (name, lines) in zip(axes, shares.items(), strict=True):
        width = 0.84 / max(len(lines), 1)
        for number, (label, line) in enumerate(lines.items()):
            places = [names.index(band) + width * (number - (len(lines) - 1) / 2) for band in line]
            heights = [min(share, _TALLEST) for share in line.values()]
            bars = axis.bar(places, heights, width * 0.9, color=SET_COLOURS[number % len(SET_COLOURS)], label=label)
            told = [f"{share:.2f}" if len(lines) <= _LABELLED or share > _TALLEST else "" for share in line.values()]
            axis.bar_label(bars, told, fontsize=6, padding=1)
        axis.axhspan(*wanted, color="0.94", zorder=0)
        axis.axhline(1, color="0.5", lw=0.8, ls="--")
        axis.set_xticks(range(len(names)), labels=[f"{b} {lo:g}-{hi:g} Hz" for b, (lo, hi) in BANDS_HZ.items()])
        axis.set_xlim(-0.6, len(names) - 0.4)
        axis.set_ylim(0, _TALLEST + 0.15)
        axis.set_title(name, fontsize=9, loc="left")
    label_axes(axes, "", ylabel)
    handles = axes[0][0].get_legend_handles_labels()
    figure.legend(*handles, frameon=False, fontsize=8, ncols=5, loc="outside upper center")
    return figure


def codes_kept(lines: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """NRMSE by the number of codes that are kept, of each model by set."""
    figure, axes = axes_grid(1, len(lines), width=3.6, height=2.9)
    for axis, (title, by_set) in zip(axes[0], lines.items(), strict=True):
        for number, (name, line) in enumerate(by_set.items()):
            axis.plot(range(1, len(line) + 1), line, ".-", color=SET_COLOURS[number], lw=1.2, label=name)
        axis.set_ylim(0, 1.05)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.set_title(title, fontsize=9)
        axis.grid(color="0.92", lw=0.7)
    label_axes(axes, "codes kept of a patch", "NRMSE")
    figure.legend(
        *axes[0][0].get_legend_handles_labels(), frameon=False, fontsize=8, ncols=4, loc="outside upper center"
    )
    return figure


def rates(lines: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]) -> Figure:
    """NRMSE by the source's rate, told truly and wrongly, of each data set by title."""
    figure, axes = axes_grid(1, len(lines), width=5.2, height=3.4)
    for axis, (data_set, by_title) in zip(axes[0], lines.items(), strict=True):
        for number, (title, rows) in enumerate(by_title.items()):
            colour = SET_COLOURS[number % len(SET_COLOURS)]
            rates_hz = [row["rate_hz"] for row in rows]
            axis.plot(rates_hz, [row["true"] for row in rows], ".-", color=colour, lw=1.3, label=title)
            for wrong in ("half", "twice"):
                nrmse = [math.nan if row[wrong] is None else row[wrong] for row in rows]
                axis.plot(rates_hz, nrmse, ":", color=colour, lw=0.9)
        axis.set_xscale("log")
        ticks = sorted(
            {row["rate_hz"] for rows in by_title.values() for row in rows if row["rate_hz"] not in (256, 512)}
        )
        axis.set_xticks(ticks, labels=[f"{tick:g}" for tick in ticks], fontsize=7)
        axis.minorticks_off()
        axis.set_ylim(0, 1)
        axis.grid(color="0.92", lw=0.7)
        axis.set_title(f"{data_set} (dotted: half and twice the rate told)", fontsize=9)
    label_axes(axes, "rate of the source, Hz", "NRMSE")
    figure.legend(
        *axes[0][0].get_legend_handles_labels(), frameon=False, fontsize=8, ncols=4, loc="outside upper center"
    )
    return figure


def downstream(tasks: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Figure:
    """Share of windows told right, with its interval, of each task by what was heard."""
    longest = max(len(answers) for answers in tasks.values())
    figure, axes = axes_grid(1, len(tasks), width=5.6, height=0.8 + 0.24 * longest)
    for axis, (title, answers) in zip(axes[0], tasks.items(), strict=True):
        for place, answer in enumerate(answers.values()):
            low, high = answer["interval"]
            axis.plot([low, high], [place, place], color=SET_COLOURS[0], lw=1.2)
            axis.plot(answer["accuracy"], place, "o", color=SET_COLOURS[0], ms=4)
        axis.axvline(next(iter(answers.values()))["chance"], color=SET_COLOURS[1], lw=1, ls="--")
        axis.set_yticks(range(len(answers)), labels=list(answers), fontsize=7)
        axis.invert_yaxis()
        axis.set_xlim(0.35, 1.02)
        axis.set_title(f"{title} (dashed: chance)", fontsize=9)
        axis.grid(color="0.92", lw=0.7, axis="x")
        axis.set_axisbelow(True)
    label_axes(axes, "windows told right", "")
    return figure
