"""What the pictures of a report must show, whatever was measured: drawn of the results in the documentation."""

import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from trainer.evaluation import plots
from trainer.evaluation.comparison_plots import bands, rate_distortion
from trainer.evaluation.evaluation_plots import compared
from trainer.evaluation.looks import COLOURS, ON_DARK, legend_above, looks_of

RESULTS = json.loads((Path(__file__).parents[3] / "docs/results/report.json").read_text(encoding="utf-8"))
SHARES = {"fast@2": {"alpha": 0.9, "high": 5.57}}


@pytest.fixture(scope="module")
def drawn() -> dict[str, Figure]:
    """All pictures of several bundles side by side."""
    return compared(RESULTS)


def bars(axis: Axes) -> list[Rectangle]:
    return [bar for group in axis.containers for bar in group if isinstance(bar, Rectangle)]


def test_every_legend_is_whole(drawn: dict[str, Figure]) -> None:
    """Nothing of it lies outside the picture, and it names everything that has a name."""
    seen = 0
    for name, figure in drawn.items():
        figure.draw_without_rendering()
        for legend in figure.legends:
            seen += 1
            box = legend.get_window_extent()
            assert box.x0 >= -1, name
            assert box.y0 >= -1, name
            assert box.x1 <= figure.bbox.width + 1, name
            assert box.y1 <= figure.bbox.height + 1, name
            shown = {text.get_text() for text in legend.get_texts()}
            assert shown == {label for axis in figure.axes for label in axis.get_legend_handles_labels()[1]}
    assert seen >= 8


def test_a_legend_wider_than_its_picture_makes_that_wider() -> None:
    """Even one column may be too wide."""
    figure = plots.spectra({"one": ({"a bundle with a name without end, " * 4: np.ones((2, 256))}, 256.0)})
    narrow = plots.spectra({"one": ({"short": np.ones((2, 256))}, 256.0)})
    assert figure.get_figwidth() > narrow.get_figwidth()
    figure.draw_without_rendering()
    assert figure.legends[0].get_window_extent().x0 >= 0


def test_a_bundle_has_one_colour_in_all_pictures(drawn: dict[str, Figure]) -> None:
    """Also where it is the only one, or others are missing."""
    found: dict[str, set[str]] = {title: set() for title in RESULTS["bundles"]}
    for figure in drawn.values():
        for axis in figure.axes:
            for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
                if label in found:
                    artist = next(iter(handle)) if hasattr(handle, "patches") else handle
                    found[label].add(
                        to_hex(artist.get_facecolor() if hasattr(handle, "patches") else handle.get_color())
                    )
    assert all(len(colours) == 1 for colours in found.values()), found
    assert len(set.union(*found.values())) == len(found), "nine bundles, nine colours"


def test_bundles_that_coincide_are_both_to_be_seen() -> None:
    """Lines differ in more than colour, the lower ones are wider; points of the same bits stand side by side."""
    looks = list(looks_of("abcdefgh").values())
    assert len({(str(look.line), look.marker) for look in looks}) == len(looks)
    assert [look.width for look in looks] == sorted((look.width for look in looks), reverse=True)
    assert looks[0].width > looks[1].width > looks[2].width
    point = (16.0, 0.7, 0.6, 0.8)
    figure = rate_distortion(
        {"set": {}}, {"set": {"a": point, "b": point, "c": (64.0, 0.4, 0.3, 0.5)}}, looks_of("abc")
    )
    x = {line.get_label(): line.get_xdata()[0] for line in figure.axes[0].lines if line.get_label() in "abc"}
    assert 14 < x["a"] < 16 < x["b"] < 18
    assert x["c"] == 64


def test_bars_are_to_scale(drawn: dict[str, Figure]) -> None:
    """From zero, none cut off, each as tall as its value."""
    figure = bands({"set": SHARES}, "share", (0.5, 1.5), looks_of(SHARES))
    assert [bar.get_height() for bar in bars(figure.axes[0])] == [0.9, 5.57]
    for picture in (figure, plots.band_error_bars(SHARES), *(f for n, f in drawn.items() if n.startswith("band"))):
        for axis in picture.axes:
            low, high = axis.get_ylim()
            assert low == 0
            assert all(bar.get_y() == 0 and bar.get_height() <= high for bar in bars(axis))


def test_pictures_are_sharp(drawn: dict[str, Figure]) -> None:
    """Twice the pixels that a page has for them."""
    assert all(figure.dpi >= 2 * 96 for figure in drawn.values())


def test_training_is_drawn_as_it_went() -> None:
    """Loss and score over steps, each where it is known, a line for each seed."""
    history = {"step": [9, 19, 29], "train/loss": [1.0, 0.8, None], "val/nrmse": [None, 0.9, 0.7]}
    figure = plots.training_curves({"seed 1": history, "seed 2": history}, COLOURS[2])
    loss, score = figure.axes
    assert loss.lines[0].get_xydata().tolist() == [[9, 1.0], [19, 0.8]]
    assert score.lines[1].get_xydata().tolist() == [[19, 0.9], [29, 0.7]]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["seed 1", "seed 2"]
    unlogged = history | {"train/loss": [None] * 3}
    assert not plots.training_curves({"seed 1": unlogged}).legends


def test_every_colour_has_one_for_dark_pages() -> None:
    """Light on dark: each is brighter there, but for the page's own."""
    assert set(COLOURS) <= set(ON_DARK)
    assert len(set(ON_DARK.values())) == len(ON_DARK)


def test_a_picture_without_names_needs_no_legend() -> None:
    figure = Figure()
    figure.subplots()
    legend_above(figure)
    assert not figure.legends
