"""`eegstream doctor`."""

import dataclasses
import json
import textwrap
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eegstream.cli.options import device_option, keys_option, model_option

if TYPE_CHECKING:
    from eegstream.doctor.findings import Finding

_WIDTH = 80
_COLUMN = 9
_COLOURS = {"ok": "green", "note": "cyan", "warning": "yellow", "problem": "red"}


@click.command("doctor")
@click.option("--config", "file", type=click.Path(path_type=Path), help="Settings, as in `run`.")
@model_option
@device_option
@click.option("--bind", metavar="URL", help="As in `run`.")
@keys_option
@click.option("--control", metavar="URL", help="As in `run`.")
@click.option("--select", metavar="FIELD=PATTERN,...", help="As in `run` (default type=EEG).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: the findings, and all that they follow from.")
def command(file: Path | None, *, as_json: bool, **options: Any) -> None:
    """Look for what keeps streams from being found and carried, and say what to do; change nothing.

    The exit code is 1 if there is a problem. It takes some ten seconds.
    """
    from eegstream.config import environment, run_config
    from eegstream.doctor.judging import findings
    from eegstream.doctor.looking import sys_info
    from eegstream.errors import EegstreamError

    info = sys_info(run_config(file, environment(), options))
    found = findings(info)
    if as_json:
        told = {"findings": [dataclasses.asdict(one) for one in found], "facts": dataclasses.asdict(info)}
        click.echo(json.dumps(told, indent=2))
    else:
        for one in found:
            click.echo(_shown(one))
        click.echo(_summary(found))
    problems = sum(one.level == "problem" for one in found)
    if problems:
        raise EegstreamError(f"{problems} of {len(found)} findings are problems", "Do what stands with each of them")


def _shown(finding: "Finding") -> str:
    """The finding, and below it what to do, within 80 columns where words allow it."""
    lines = [_wrapped(f"{finding.level:{_COLUMN}}{finding.found}", _COLUMN)]
    if finding.remedy:
        lines.append(_wrapped(f"{'':{_COLUMN}}-> {finding.remedy}", _COLUMN + 3))
    level = click.style(finding.level, fg=_COLOURS[finding.level], bold=True)
    return level + "\n".join(lines)[len(finding.level) :]


def _wrapped(text: str, indent: int) -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )


def _summary(found: Sequence["Finding"]) -> str:
    from eegstream.doctor.findings import LEVELS

    counts = Counter(one.level for one in found)
    return ", ".join(f"{counts[level]} {level}" for level in LEVELS)
