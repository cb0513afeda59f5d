"""Plots of what a model keeps and loses.

M patches, N samples in a patch, W values of a code.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import signal

from trainer.evaluation.codebook_usage import usage_metrics
from trainer.evaluation.metrics import BANDS_HZ, relative_error

RAW, DECODED = "#5f6b76", "#c8442c"
SET_COLOURS = ("#2b6ca3", "#c8442c", "#3d8b5f", "#8a5aa8", "#b8862d", "#5f6b76")
_QUANTILES = {"a good patch": 0.1, "a usual patch": 0.5, "a bad patch": 0.9}

_MOST_CODES = 32
_BINS = 64
_SHOWN_DB = 70.0

Patches = Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64], float]]
"""Originals (M, N) and reconstructions (M, N) in microvolts, and the rate of their samples, by name."""


def reconstructions(patches: Patches) -> Figure:
    """Of each set a patch at the tenth, the middle and the ninetieth percentile of relative error."""
    figure, axes = axes_grid(len(patches), len(_QUANTILES), width=4.2, height=2.1)
    for row, (name, (x, y, rate_hz)) in zip(axes, patches.items(), strict=True):
        relative = relative_error(torch.from_numpy(x), torch.from_numpy(y)).numpy()
        order = np.argsort(relative)
        for axis, (kind, quantile) in zip(row, _QUANTILES.items(), strict=True):
            patch = order[round(quantile * (len(order) - 1))]
            t_s = np.arange(x.shape[1]) / rate_hz
            axis.plot(t_s, x[patch], color=RAW, lw=1.1, label="raw")
            axis.plot(t_s, y[patch], color=DECODED, lw=1.1, label="decoded")
            axis.set_title(f"{name}: {kind}, NRMSE {np.sqrt(relative[patch]):.2f}", fontsize=9)
            axis.margins(x=0)
    label_axes(axes, "seconds", "µV")
    figure.legend(
        *axes[0][0].get_legend_handles_labels(), frameon=False, fontsize=8, ncols=2, loc="outside upper right"
    )
    return figure


def spectra(sets: Mapping[str, tuple[Mapping[str, NDArray[np.float64]], float]]) -> Figure:
    """Mean Hann periodograms of patches (M, N) by label, and the rate of their samples, of each set."""
    figure, axes = axes_grid(1, len(sets), width=4.2, height=3.0)
    for axis, (name, (lines, rate_hz)) in zip(axes[0], sets.items(), strict=True):
        highest_db = -np.inf
        for (label, values), colour in zip(lines.items(), (RAW, DECODED, *SET_COLOURS), strict=False):
            frequency_hz, power = signal.periodogram(values, rate_hz, window="hann", detrend=False)
            level_db = 10 * np.log10(power.mean(0)[1:] + 1e-12)
            axis.plot(frequency_hz[1:], level_db, color=colour, lw=1.3, label=label)
            highest_db = max(highest_db, level_db.max())
        axis.set_ylim(highest_db - _SHOWN_DB, highest_db + 5)
        for low_hz, _ in BANDS_HZ.values():
            axis.axvline(low_hz, color="0.88", lw=0.8, zorder=0)
        axis.set_xscale("log")
        axis.set_xlim(0.8, rate_hz / 2)
        ticks = [f for f in (1, 2, 4, 8, 13, 30, 45, 100, 200, 500) if f <= rate_hz / 2]
        axis.set_xticks(ticks, labels=[f"{f}" for f in ticks], fontsize=8)
        axis.minorticks_off()
        axis.set_title(name, fontsize=9)
    label_axes(axes, "Hz", "dB of µV²/Hz")
    axes[0][0].legend(frameon=False, fontsize=8)
    return figure


def band_error_bars(errors: Mapping[str, Mapping[str, float]]) -> Figure:
    """Share of each band's energy that is lost, by set."""
    figure, ((axis,),) = axes_grid(1, 1, width=7.5, height=3.2)
    bands = list(BANDS_HZ)
    width = 0.8 / max(len(errors), 1)
    for number, (name, shares) in enumerate(errors.items()):
        places = [place + width * (number - (len(errors) - 1) / 2) for place, b in enumerate(bands) if b in shares]
        heights = [min(shares[band], 1.25) for band in bands if band in shares]
        bars = axis.bar(places, heights, width * 0.92, color=SET_COLOURS[number % len(SET_COLOURS)], label=name)
        axis.bar_label(bars, [f"{shares[b]:.2f}" for b in bands if b in shares], fontsize=7, padding=1)
    axis.axhline(1, color="0.4", lw=0.8, ls="--")
    axis.text(len(bands) - 0.42, 1.0, " as silence", fontsize=7, color="0.4", va="center", ha="left")
    axis.set_xlim(-0.6, len(bands) - 0.4)
    axis.set_xticks(
        range(len(bands)), labels=[f"{name}\n{low:g}-{high:g} Hz" for name, (low, high) in BANDS_HZ.items()], fontsize=8
    )
    axis.set_ylim(0, 1.3)
    axis.set_ylabel("error energy / band energy", fontsize=8)
    figure.legend(*axis.get_legend_handles_labels(), frameon=False, fontsize=8, ncols=4, loc="outside upper center")
    return figure


def code_use(histograms: Sequence[NDArray[np.integer]]) -> Figure:
    """Of each code, how often its values occur: in bins of neighbouring values, 1 where all values are alike."""
    shown = list(histograms)[:_MOST_CODES]
    columns = min(4, len(shown))
    figure, axes = axes_grid(-(-len(shown) // columns), columns, width=3.4, height=2.2)
    flat = [axis for row in axes for axis in row]
    for number, (axis, counts) in enumerate(zip(flat, shown, strict=False)):
        use = usage_metrics(counts)
        bins = min(_BINS, len(counts))
        edges = np.linspace(0, len(counts), bins + 1).round().astype(int)
        density = np.add.reduceat(counts, edges[:-1]) / np.diff(edges) * len(counts) / max(int(counts.sum()), 1)
        axis.bar(edges[:-1], density, np.diff(edges), align="edge", color=SET_COLOURS[0])
        axis.axhline(1, color=DECODED, lw=0.9, ls="--")
        axis.margins(x=0)
        axis.set_title(
            f"code {number}: {np.count_nonzero(counts)} of {len(counts)} values occur\n"
            f"perplexity {use['perplexity']:.0f}, of alike values {use['perplexity_ideal']:.0f}",
            fontsize=8,
        )
    for axis in flat[len(shown) :]:
        axis.set_visible(False)
    label_axes(axes, "value", "times as often as if alike")
    return figure


def axes_grid(rows: int, columns: int, width: float, height: float) -> tuple[Figure, list[list[Axes]]]:
    """A plot of so many axes, each so many inches wide and high, in rows."""
    figure = Figure(figsize=(width * columns, height * rows), layout="constrained", dpi=110)
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis in axes.flat:
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=8)
    return figure, [list(row) for row in axes]


def label_axes(axes: Sequence[Sequence[Axes]], x: str, y: str) -> None:
    """Name x below the last row, y beside the first column."""
    for axis in axes[-1]:
        axis.set_xlabel(x, fontsize=8)
    for row in axes:
        row[0].set_ylabel(y, fontsize=8)
