"""`eegstream streams`."""

import json
import time

import click

from eegstream.cli.options import PositiveSeconds


@click.command("streams")
@click.option("--select", metavar="FIELD=PATTERN,...", default="type=EEG", show_default=True, help="As in `run`.")
@click.option("--wait", "wait_s", type=PositiveSeconds(), default=2.0, show_default=True, help="Seconds to look.")
@click.option("--json", "as_json", is_flag=True, help="One JSON list.")
def command(select: str, wait_s: float, *, as_json: bool) -> None:
    """List the LSL streams in sight: which ones `run` would take, and why not the others."""
    from eegstream.dsp.channels import select_channels
    from eegstream.errors import StreamError
    from eegstream.lsl.discovery import Announcement, Discovery, Selection, refusal
    from eegstream.lsl.reader import inspect
    from eegstream.wire.identity import stream_name

    selection = Selection.parse(select)

    def why_not(stream: Announcement) -> str | None:
        if not selection.wants(stream):
            return f"not selected by {select}"
        if why := refusal(stream):
            return why
        try:
            geometry = inspect(stream)
            select_channels(geometry.labels, geometry.types, geometry.units)
        except StreamError as error:
            return str(error)
        return None

    def describe(stream: Announcement) -> dict[str, object]:
        why = why_not(stream)
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
        }

    discovery = Discovery()
    time.sleep(wait_s)
    found = [describe(stream) for stream in discovery.announcements()]
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for stream in found:
        verdict = "taken" if stream["taken"] else f"refused: {stream['why']}"
        what = f"{stream['n_channels']} ch  {stream['rate_hz']:g} Hz  {stream['format']}"
        click.echo(f"{stream['stream']!s:40}  {what:30}  {verdict}")
    if not found:
        click.echo(f"no LSL stream in sight after {wait_s:g} s; LSLAPICFG configures where LSL looks", err=True)
