"""The page of a report, on its own."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from trainer.evaluation.evaluation_plots import compared
from trainer.evaluation.html_report import write_page
from trainer.evaluation.looks import ON_DARK

RESULTS = json.loads((Path(__file__).parents[3] / "docs/results/report.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page of the results in the documentation."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_page(RESULTS, compared(RESULTS), path)
    return path.read_text(encoding="utf-8")


def test_the_page_asks_for_nothing(page: str) -> None:
    """No picture, script, font or style from elsewhere; links within it only."""
    assert not re.search(r'(?:src|href)="(?!#)', page)
    assert not re.search(r"url\((?!#)|@import|<script|<link|<metadata", page)


def test_every_picture_is_drawn_in_the_page_s_colours(page: str) -> None:
    """Light and dark; no colour is left that a dark page would not change."""
    pictures = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(pictures) >= 10
    for picture in pictures:
        ET.fromstring(picture)  # noqa: S314 - our own
        assert not re.search(r":\s*#[0-9a-f]{3,6}\b", picture)
        assert "<text" in picture, "text is text"
    used = set(re.findall(r"var\((--\w+)\)", page))
    light, dark = page.split("prefers-color-scheme: dark", 1)
    for variable in used:
        assert f"{variable}: #" in light, variable
        assert f"{variable}: #" in dark.split("</style>")[0], variable
    for on_light, on_dark in ON_DARK.items():
        assert on_light in light
        assert on_dark in dark


def test_names_within_pictures_do_not_meet(page: str) -> None:
    """Each reference finds its own picture's clip or marker: those of a closed section are not drawn."""
    defined = [
        set(re.findall(r'<(?:clipPath|path) id="(\w+)"', p)) for p in re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    ]
    for number, names in enumerate(defined):
        assert names
        assert all(names.isdisjoint(others) for others in defined[number + 1 :])
