"""`eegstream streams`."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eegstream.cli.options import PositiveSeconds, channel_options

if TYPE_CHECKING:
    from eegstream.config import RunConfig
    from eegstream.lsl.discovery import Announcement
    from eegstream.lsl.prober import Prober

_SHOWN = 12
"""Most channels of one fate that are listed by name."""


@click.command("streams")
@click.option("--config", "file", type=click.Path(path_type=Path), help="Settings, as in `run`.")
@click.option("--select", metavar="FIELD=PATTERN,...", help="As in `run` (default type=EEG).")
@channel_options
@click.option("--wait", "wait_s", type=PositiveSeconds(), default=2.0, show_default=True, help="Seconds to look.")
@click.option("--json", "as_json", is_flag=True, help="One JSON list.")
def command(file: Path | None, wait_s: float, *, as_json: bool, **options: Any) -> None:
    """List the visible LSL streams: which of them `run` would take, and why not the others.

    For each stream, list its channels: which are EEG, and why the others are left out.
    """
    from eegstream.config import environment, run_config
    from eegstream.lsl.discovery import Discovery
    from eegstream.lsl.prober import MOST_PROCESSES, Prober

    config = run_config(file, environment(), options)
    discovery = Discovery()
    time.sleep(wait_s)
    stop = threading.Event()
    with Prober() as prober, ThreadPoolExecutor(MOST_PROCESSES) as pool:
        try:
            found = list(pool.map(lambda stream: _described(stream, config, prober, stop), discovery.announcements()))
        finally:
            stop.set()
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for stream in found:
        _show(stream)
    if not found:
        click.echo(f"no LSL stream found after {wait_s:g} s; LSLAPICFG configures where LSL looks", err=True)


def _described(stream: "Announcement", config: "RunConfig", prober: "Prober", stop: threading.Event) -> dict[str, Any]:
    """What the command shows of a stream."""
    from eegstream.dsp.channels import fates, printable_label, select_channels
    from eegstream.errors import EegstreamError
    from eegstream.lsl.admission import refusal
    from eegstream.lsl.reader import inspect
    from eegstream.wire.identity import stream_name

    why = None if config.wants(stream) else f"not selected by {config.select}"
    why = why or refusal(stream, config)
    channels: list[dict[str, Any]] = []
    notes: tuple[str, ...] = ()
    if why is None:
        try:
            geometry = inspect(stream, prober, stop)
            choice = config.signal_options(stream).choice
            stated = (geometry.labels, geometry.types, geometry.units)
            channels = [
                {"label": printable_label(label, number), "unit": unit, "kind": fate.kind, "why": fate.why}
                for number, (label, unit, fate) in enumerate(
                    zip(geometry.labels, geometry.units, fates(*stated, choice), strict=True), start=1
                )
            ]
            notes = select_channels(*stated, choice).notes
        except EegstreamError as error:
            why = str(error)
    return {
        "stream": stream_name(stream.name, stream.type, stream.source_id, stream.hostname),
        "taken": why is None,
        "why": why,
        "name": stream.name,
        "type": stream.type,
        "source_id": stream.source_id,
        "uid": stream.uid,
        "hostname": stream.hostname,
        "n_channels": stream.n_channels,
        "rate_hz": stream.rate_hz,
        "format": stream.format,
        "channels": channels,
        "notes": list(notes),
    }


def _show(stream: dict[str, Any]) -> None:
    """Print one line for the stream, one for each fate of its channels, and one for each note."""
    verdict = "taken" if stream["taken"] else f"refused: {stream['why']}"
    what = f"{stream['n_channels']} ch  {stream['rate_hz']:g} Hz  {stream['format']}"
    click.echo(f"{stream['stream']!s:40}  {what:30}  {verdict}")
    by_fate: dict[tuple[bool, str], list[str]] = {}
    for channel in stream["channels"]:
        by_fate.setdefault((channel["kind"] == "EEG", channel["why"]), []).append(channel["label"])
    for (is_kept, why), labels in sorted(by_fate.items(), key=lambda item: not item[0][0]):
        more = f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else ""
        click.echo(f"  {'EEG' if is_kept else 'left out':9} {', '.join(labels[:_SHOWN])}{more}: {why}")
    for note in stream["notes"]:
        click.echo(f"  note      {note}")
