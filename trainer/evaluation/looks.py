"""How pictures look: their colours on a light and on a dark page, and how bundles are told apart in all of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend

PAGE, INK = "#ffffff", "#000000"
RAW, FAINT, GRID, SHADE = "#5f6b76", "#a7b0b8", "#e6e9ec", "#eff2f4"
COLOURS = ("#2b6ca3", "#c8442c", "#3d8b5f", "#8a5aa8", "#b8862d", "#c2508f", "#7d5a3c", "#1b8a94", "#6f7d1c")
DECODED = COLOURS[1]

ON_DARK: Mapping[str, str] = {
    PAGE: "#15191c",
    INK: "#e3e7ea",
    RAW: "#a9b4be",
    FAINT: "#6d7781",
    GRID: "#2d343a",
    SHADE: "#242a2f",
    **dict(
        zip(
            COLOURS,
            ("#6cb0ea", "#f0806a", "#6cc492", "#c39be0", "#e0b45c", "#ee8fc0", "#c49a78", "#5cc6d0", "#bccb62"),
            strict=True,
        )
    ),
}
"""Every colour that pictures may have, as it is on a light page, and what takes its place on a dark one."""

SMALL = 8
_SMALLEST_WIDTH = 1.2
_MARKERS = "os^Dv<>ph"
_LINES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (6, 1.5, 1, 1.5)), (0, (2, 2)))


@dataclass(frozen=True)
class Look:
    """How one bundle is drawn, the same in every picture."""

    colour: str
    marker: str
    line: Any
    width: float
    """The first ones are wide and lie below, so that one which coincides with them does not hide them."""


def looks_of(titles: Iterable[str]) -> dict[str, Look]:
    """A look for each bundle, in the order in which they came."""
    return {
        title: Look(
            COLOURS[number % len(COLOURS)],
            _MARKERS[number % len(_MARKERS)],
            _LINES[number % len(_LINES)],
            max(3.2 - 0.5 * number, _SMALLEST_WIDTH),
        )
        for number, title in enumerate(titles)
    }


def axes_grid(count: int, columns: int, width: float, height: float) -> tuple[Figure, list[list[Axes]]]:
    """A plot of so many axes, each so many inches wide and high, in rows of so many at most."""
    columns = min(columns, count)
    figure = Figure(figsize=(width * columns, height * -(-count // columns)), layout="constrained", dpi=200)
    axes = figure.subplots(-(-count // columns), columns, squeeze=False)
    flat = list(axes.flat)
    for axis in flat:
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=SMALL)
        axis.set_axisbelow(True)
    for axis in flat[count:]:
        axis.remove()
    return figure, [flat[begin : min(begin + columns, count)] for begin in range(0, count, columns)]


def label_axes(axes: Sequence[Sequence[Axes]], x: str, y: str) -> None:
    """Name x below the last of each column, y beside the first of each row."""
    for row, below in zip(axes, [*axes[1:], []], strict=True):
        for axis in row[len(below) :]:
            axis.set_xlabel(x, fontsize=SMALL)
        row[0].set_ylabel(y, fontsize=SMALL)


def legend_above(figure: Figure) -> None:
    """One legend for all axes, above them, in as many columns as the picture has room for."""
    named = {
        label: handle for axis in figure.axes for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    for columns in range(len(named), 0, -1):
        legend = figure.legend(
            named.values(),
            named.keys(),
            frameon=False,
            fontsize=SMALL,
            ncols=columns,
            handlelength=3,
            loc="outside upper center",
        )
        if columns == 1 or _inches_wide(legend) <= figure.get_figwidth():
            figure.set_figwidth(max(figure.get_figwidth(), _inches_wide(legend)))
            return
        legend.remove()


def _inches_wide(legend: Legend) -> float:
    figure = legend.get_figure(root=True)
    return float(legend.get_window_extent().width / figure.dpi) if figure else 0.0
