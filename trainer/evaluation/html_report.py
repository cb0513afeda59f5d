"""One HTML file with everything in it: tables, plots, formulas."""

import base64
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from matplotlib import rc_context
from matplotlib.figure import Figure

from trainer.evaluation.bootstrap import COVERAGE, DRAWS
from trainer.evaluation.codebook_usage import listed
from trainer.evaluation.metrics import BANDS_HZ, QUIET_UV


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
        plots={name: _inline(figure) for name, figure in plots.items()},
        bands=BANDS_HZ,
        quiet_uv=QUIET_UV,
        coverage=f"{COVERAGE:.0%}",
        draws=DRAWS,
    )
    path.write_text(page, encoding="utf-8")


def _inline(figure: Figure) -> str:
    """A data URL of the picture as SVG."""
    content = io.BytesIO()
    with rc_context({"svg.hashsalt": "eegstream"}):
        figure.savefig(content, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(content.getvalue()).decode()
