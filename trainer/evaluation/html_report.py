"""One HTML file with everything in it: tables, plots, formulas."""

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from matplotlib import rc_context
from matplotlib.figure import Figure

from trainer.evaluation.bootstrap import COVERAGE, DRAWS
from trainer.evaluation.codebook_usage import listed
from trainer.evaluation.looks import ON_DARK, looks_of
from trainer.evaluation.metrics import BANDS_HZ, QUIET_UV

_VARIABLES = {light: f"--c{number}" for number, light in enumerate(ON_DARK)}
"""The page's name for each colour, by what it is on a light page."""


def write_page(results: Mapping[str, Any], plots: Mapping[str, Figure], path: Path) -> None:
    """Write the report of an evaluation's results and plots."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"share": lambda value: f"{value:.1%}", "listed": listed}
    page = environment.get_template("html_report.html.j2").render(
        **results,
        plots={name: _inline(figure, name) for name, figure in plots.items()},
        light={_VARIABLES[colour]: colour for colour in ON_DARK},
        dark={_VARIABLES[colour]: dark for colour, dark in ON_DARK.items()},
        colour_of={title: f"var({_VARIABLES[look.colour]})" for title, look in looks_of(results["bundles"]).items()},
        bands=BANDS_HZ,
        quiet_uv=QUIET_UV,
        coverage=f"{COVERAGE:.0%}",
        draws=DRAWS,
    )
    path.write_text(page, encoding="utf-8")


def _inline(figure: Figure, name: str) -> str:
    """The picture as SVG within the page, whose colours it takes: light or dark."""
    content = io.StringIO()
    # Text stays text, in the reader's font; the salt keeps the names within pictures apart.
    with rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        figure.savefig(content, format="svg", transparent=True, metadata={"Date": None})
    drawn = content.getvalue()
    bare = re.sub(r"<metadata>.*?</metadata>", "", drawn[drawn.index("<svg") :], flags=re.DOTALL)
    return re.sub(r"(?<=: )#[0-9a-f]{6}\b", lambda found: f"var({_VARIABLES[found[0]]})", bare)
