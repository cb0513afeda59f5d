"""`eegstream encode`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from eegstream.cli.options import (
    OutputFile,
    PositiveSeconds,
    channel_options,
    device_option,
    model_option,
    signal_options,
    stream_option,
    with_trust,
)

if TYPE_CHECKING:
    from eegstream.codec.engine import Engine
    from eegstream.codec.trust import Trust
    from eegstream.encoding import StreamCounts


def _told(counts: "StreamCounts", engine: "Engine") -> str:
    """One line for the user."""
    words = len(engine.bundle.manifest.words)
    return (
        f"{counts.patches} patches of one channel, {words} codes each, by {engine.bundle.title}; "
        f"{counts.gaps} gaps, {counts.discarded_s:.2f} s that no patch covers"
    )


@click.command("encode")
@click.argument("file")
@click.option("-o", "output", required=True, type=OutputFile(".mcap"), help="F.codes.mcap")
@model_option
@device_option
@click.option("--seconds", type=PositiveSeconds(), help="Only the first N seconds of samples.")
@stream_option
@channel_options
@signal_options
@with_trust
def command(
    file: str,
    output: Path,
    model: str | None,
    trust: "Trust",
    device: str | None,
    seconds: float | None,
    stream: str | None,
    channels: str | None,
    drop: str | None,
    unit: str | None,
    rate: float | None,
    counter_channel: str | None,
    notch: str | None,
    fill_ms: float | None,
) -> None:
    """Encode FILE into a codes file, with the content that `run` would publish for `play FILE`.

    Each stream of EEG in FILE becomes a stream of the codes file. FILE is a recording, or
    synthetic:rate=250,channels=8,seconds=60,seed=0.
    """
    from eegstream.cli.progress import progress
    from eegstream.cli.recording import read_for_user, require_other_file
    from eegstream.codec.bundle import load
    from eegstream.codec.engine import Engine, choose_device
    from eegstream.dsp.channels import ChannelChoice
    from eegstream.encoding import encode_streams
    from eegstream.files.codes import write_codes
    from eegstream.stream import SignalOptions

    require_other_file(file, output)
    choice = ChannelChoice.of(channels, drop, unit, counter_channel)
    options = SignalOptions(
        notch_hz=float(notch) if notch else None, fill_ms=fill_ms or 0.0, choice=choice, rate_hz=rate
    )
    recordings = read_for_user(file, seconds=seconds, rate_hz=rate, stream=stream, choice=choice)
    chosen = choose_device(device or "auto")
    engine = Engine(load(model or "default", chosen, trust), chosen)
    total_s = sum(recording.samples.shape[1] / recording.rate_hz for recording in recordings)
    with write_codes(output) as writer, progress("encoding", max(1, int(total_s))) as bar:
        sums = encode_streams(
            recordings,
            engine,
            options,
            writer,
            lambda remark: click.echo(remark, err=True),
            lambda seconds: bar.update(max(0, int(seconds) - bar.pos)),
        )
        bar.update(bar.length or 0)
    for counts in sums:
        which = f" {counts.name}:" if len(sums) > 1 else ""
        click.echo(f"{output}:{which} {_told(counts, engine)}", err=True)
