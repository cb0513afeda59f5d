"""`eegstream bench`."""

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import click

from eegstream.cli.options import device_option, model_option, with_trust

if TYPE_CHECKING:
    from eegstream.codec.trust import Trust

WHAT = ("start", "encoder", "latency", "capacity", "offline")
_MACHINE_S = 3.0


@click.command("bench")
@click.argument("what", nargs=-1, type=click.Choice(WHAT))
@model_option
@device_option
@click.option("--channels", type=click.IntRange(1, 1024), default=64, show_default=True, help="Channels of a stream.")
@click.option("--rate", "rate_hz", type=click.IntRange(50, 20_000), metavar="HZ", help="Default 1000; capacity 256.")
@click.option(
    "--chunk", type=click.IntRange(1, 10_000), help="Samples that are sent at once (default 10; capacity 32)."
)
@click.option("--streams", type=click.IntRange(1, 512), help="Most streams (default: latency 1, capacity 64).")
@click.option("--seconds", type=click.IntRange(min=6), help="Length of each (default 60; capacity 20; offline 600).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object; nothing else on standard output.")
@with_trust
def command(
    what: tuple[str, ...],
    model: str | None,
    device: str | None,
    channels: int,
    rate_hz: int | None,
    chunk: int | None,
    streams: int | None,
    seconds: int | None,
    trust: "Trust",
    *,
    as_json: bool,
) -> None:
    """Measure WHAT on this machine: start, encoder, latency, capacity, offline (default: all).

    Latency is the time from the push of the last sample that a patch needs to the receipt of its codes; the patch's own
    length and the resampler's delay are not in it. Outlets, daemon and subscriber run on this machine, apart from other
    LSL streams. The machine's own noise is measured before and after.
    """
    from eegstream.bench import suites
    from eegstream.bench.live import Load
    from eegstream.bench.machine import measure_machine
    from eegstream.cli.bench_lines import Shown

    chosen, name, where = what or WHAT, model or "default", device or "cpu"
    show = Shown(quiet=as_json)
    found: dict[str, Any] = {"model": name, "before": show.machine(measure_machine(_MACHINE_S))}
    if "start" in chosen:
        found["start"] = [show.program(program) for program in suites.start()]
    if "encoder" in chosen:
        found["encoder"] = [show.encoding(one) for one in suites.encoder(name, where, trust)]
    if "latency" in chosen:
        load = Load(streams or 1, channels, rate_hz or 1000, chunk or 10, seconds or 60)
        found["latency"] = show.live(suites.latency(name, where, trust, load))
    if "capacity" in chosen:
        load = Load(1, channels, rate_hz or 256, chunk or 32, seconds or 20)
        found["capacity"] = suites.streams(name, where, trust, load, streams or 64, show.live)
    if "offline" in chosen:
        found["offline"] = show.program(suites.offline(name, trust, seconds or 600))
    found["after"] = show.machine(measure_machine(_MACHINE_S))
    if as_json:
        click.echo(json.dumps(found, indent=2, default=dataclasses.asdict))
