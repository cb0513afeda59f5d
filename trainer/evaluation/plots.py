"""Plots of what a model keeps and loses.

M patches, N samples in a patch, W values of a code.
"""

from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from scipy import signal

from trainer.evaluation.codebook_usage import usage_metrics
from trainer.evaluation.looks import COLOURS, DECODED, GRID, RAW, SMALL, axes_grid, label_axes, legend_above
from trainer.evaluation.metrics import BANDS_HZ, relative_error

_QUANTILES = {"a good one": 0.1, "a usual one": 0.5, "a bad one": 0.9}

_MOST_CODES = 32
_BINS = 64
_SHOWN_DB = 70.0
_DASHES = ("-", (0, (4, 1.5)), (0, (1, 1.2)))

Patches = Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64], float]]
"""Originals (M, N) and reconstructions (M, N) in microvolts, and the rate of their samples, by name."""


def reconstructions(patches: Patches, colour: str = DECODED) -> Figure:
    """Of each set a patch at the tenth, the middle and the ninetieth percentile of relative error."""
    figure, axes = axes_grid(len(patches) * len(_QUANTILES), len(_QUANTILES), width=4.2, height=2.2)
    for row, (name, (x, y, rate_hz)) in zip(axes, patches.items(), strict=True):
        relative = relative_error(torch.from_numpy(x), torch.from_numpy(y)).numpy()
        order = np.argsort(relative)
        for axis, (kind, quantile) in zip(row, _QUANTILES.items(), strict=True):
            patch = order[round(quantile * (len(order) - 1))]
            t_s = np.arange(x.shape[1]) / rate_hz
            axis.plot(t_s, x[patch], color=RAW, lw=2.0, alpha=0.6, label="EEG")
            axis.plot(t_s, y[patch], color=colour, lw=1.3, label="decoded")
            axis.set_title(f"{name}: {kind}, NRMSE {np.sqrt(relative[patch]):.2f}", fontsize=SMALL)
            axis.margins(x=0)
    label_axes(axes, "seconds", "µV")
    legend_above(figure)
    return figure


def spectra(
    sets: Mapping[str, tuple[Mapping[str, NDArray[np.float64]], float]], colours: Sequence[str] = (RAW, DECODED)
) -> Figure:
    """Mean Hann periodograms of patches (M, N) by label, and the rate of their samples, of each set.

    Lines beyond the colours have the last one, dashed.
    """
    figure, axes = axes_grid(len(sets), 3, width=4.2, height=3.0)
    for axis, (name, (lines, rate_hz)) in zip(chain(*axes), sets.items(), strict=True):
        highest_db = -np.inf
        for number, (label, values) in enumerate(lines.items()):
            frequency_hz, power = signal.periodogram(values, rate_hz, window="hann", detrend=False)
            level_db = 10 * np.log10(power.mean(0)[1:] + 1e-12)
            colour, dashes = colours[min(number, len(colours) - 1)], _DASHES[max(number - len(colours) + 1, 0)]
            width = 1.3 if number else 2.4
            axis.plot(frequency_hz[1:], level_db, color=colour, ls=dashes, lw=width, label=label)
            highest_db = max(highest_db, level_db.max())
        axis.set_ylim(highest_db - _SHOWN_DB, highest_db + 5)
        for low_hz, _ in BANDS_HZ.values():
            axis.axvline(low_hz, color=GRID, lw=0.8, zorder=0)
        axis.set_xscale("log")
        axis.set_xlim(0.8, rate_hz / 2)
        ticks = [f for f in (1, 2, 4, 8, 13, 30, 45, 100, 200, 500) if f <= rate_hz / 2]
        axis.set_xticks(ticks, labels=[f"{f}" for f in ticks])
        axis.minorticks_off()
        axis.set_title(name, fontsize=SMALL)
    label_axes(axes, "Hz", "dB of µV²/Hz")
    legend_above(figure)
    return figure


def band_error_bars(errors: Mapping[str, Mapping[str, float]]) -> Figure:
    """Share of each band's energy that is lost, by set."""
    figure, ((axis,),) = axes_grid(1, 1, width=7.5, height=3.2)
    bands = list(BANDS_HZ)
    width = 0.8 / max(len(errors), 1)
    for number, (name, shares) in enumerate(errors.items()):
        places = [place + width * (number - (len(errors) - 1) / 2) for place, b in enumerate(bands) if b in shares]
        heights = [shares[band] for band in bands if band in shares]
        bars = axis.bar(places, heights, width * 0.92, color=COLOURS[number % len(COLOURS)], label=name)
        axis.bar_label(bars, [f"{height:.2f}" for height in heights], fontsize=7, padding=1)
    axis.axhline(1, color=RAW, lw=0.8, ls="--")
    axis.text(len(bands) - 0.42, 1.0, " as silence", fontsize=7, color=RAW, va="center", ha="left")
    axis.set_xlim(-0.6, len(bands) - 0.4)
    axis.set_xticks(
        range(len(bands)), labels=[f"{name}\n{low:g}-{high:g} Hz" for name, (low, high) in BANDS_HZ.items()]
    )
    axis.margins(y=0.12)
    axis.set_ylim(bottom=0)
    axis.set_ylabel("error energy / band energy", fontsize=SMALL)
    legend_above(figure)
    return figure


def code_use(histograms: Sequence[NDArray[np.integer]], colour: str = COLOURS[0]) -> Figure:
    """Of each code, how often its values occur: in bins of neighbouring values, 1 where all values are alike."""
    shown = list(histograms)[:_MOST_CODES]
    figure, axes = axes_grid(len(shown), 4, width=3.4, height=2.2)
    for number, (axis, counts) in enumerate(zip(chain(*axes), shown, strict=True)):
        use = usage_metrics(counts)
        bins = min(_BINS, len(counts))
        edges = np.linspace(0, len(counts), bins + 1).round().astype(int)
        density = np.add.reduceat(counts, edges[:-1]) / np.diff(edges) * len(counts) / max(int(counts.sum()), 1)
        axis.stairs(density, edges, fill=True, color=colour)
        axis.axhline(1, color=RAW, lw=0.9, ls="--")
        axis.margins(x=0)
        axis.set_ylim(bottom=0)
        axis.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axis.set_title(
            f"code {number}: {np.count_nonzero(counts)} of {len(counts)} values occur\n"
            f"perplexity {use['perplexity']:.0f}, of alike values {use['perplexity_ideal']:.0f}",
            fontsize=SMALL,
        )
    label_axes(axes, "value", "times as often as if alike")
    return figure


def training_curves(histories: Mapping[str, Mapping[str, Sequence[float | None]]], colour: str = COLOURS[0]) -> Figure:
    """Training loss and validation NRMSE over steps, a line for each run by its name."""
    figure, axes = axes_grid(2, 2, width=4.8, height=2.8)
    for axis, (metric, title) in zip(
        axes[0], {"train/loss": "training loss", "val/nrmse": "validation NRMSE"}.items(), strict=True
    ):
        for number, (name, history) in enumerate(histories.items()):
            known = [(s, v) for s, v in zip(history["step"], history[metric], strict=True) if None not in (s, v)]
            steps, values = np.array(known, float).reshape(-1, 2).T
            marker = "." if len(known) <= _BINS else ""
            axis.plot(steps, values, marker, color=colour, ls=_DASHES[number % len(_DASHES)], lw=1.4, label=name)
        axis.set_title(title, fontsize=SMALL)
        axis.set_ylim(bottom=0)
        axis.grid(color=GRID, lw=0.7)
    label_axes(axes, "steps", "")
    if len(histories) > 1:
        legend_above(figure)
    return figure
