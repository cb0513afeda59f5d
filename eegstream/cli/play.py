"""`eegstream play`."""

import click

from eegstream.cli.options import RATES, PositiveSeconds, stream_option


def _speed(_context: click.Context, _parameter: click.Parameter, value: str) -> float:
    try:
        speed = float("inf") if value == "max" else float(value)
    except ValueError:
        speed = 0.0
    if not speed > 0:
        raise click.BadParameter(f"{value!r} was given, expected a positive number or max")
    return speed


@click.command("play")
@click.argument("file")
@click.option("--wait", is_flag=True, help="Hold the first sample until a reader has subscribed.")
@click.option("--seconds", type=PositiveSeconds(), help="Only the first N seconds of samples.")
@click.option("--name", help="Name of the stream (default: the file's stem).")
@click.option("--chunk", type=click.IntRange(min=1), help="Samples pushed at a time (default 20 ms).")
@click.option("--speed", metavar="X|max", default="1", show_default=True, callback=_speed, help="Times real time.")
@click.option("--rate", type=RATES, metavar="HZ", help="The sampling rate; overrides the rate in FILE.")
@stream_option
@click.option("--loop", is_flag=True, help="Begin again at the end.")
def command(
    file: str,
    *,
    wait: bool,
    seconds: float | None,
    name: str | None,
    chunk: int | None,
    speed: float,
    rate: float | None,
    stream: str | None,
    loop: bool,
) -> None:
    """Play FILE as an LSL outlet, every sample with its own timestamp; one outlet for each stream of EEG in it.

    FILE is a recording, or synthetic:rate=250,channels=8,seconds=60,seed=0.
    """
    from eegstream.cli.progress import progress
    from eegstream.cli.recording import read_for_user
    from eegstream.lsl.outlet import Pace, RecordingOutlet, play_together
    from eegstream.stopping import stopped_by_signals

    recordings = read_for_user(file, seconds=seconds, rate_hz=rate, stream=stream)
    if name is not None and len(recordings) > 1:
        raise click.UsageError(f"--name is for one stream, FILE holds {len(recordings)}; choose one with --stream")
    stop = click.get_current_context().with_resource(stopped_by_signals())
    outlets = [RecordingOutlet(recording, name) for recording in recordings]
    for recording in recordings:
        n_channels, n_samples = recording.pieces.shape
        click.echo(
            f"playing {name or recording.name}: {n_channels} channels at {recording.rate_hz:g} Hz, "
            f"{n_samples / recording.rate_hz:.1f} s",
            err=True,
        )
    if wait:
        click.echo("waiting for a subscriber", err=True)
        if not all(outlet.wait_for_consumer(stop) for outlet in outlets):
            return
    pushed = 0
    with progress("playing", sum(recording.pieces.shape[1] for recording in recordings)) as bar:
        for pushed_now in play_together(outlets, Pace(speed, chunk, loop), stop):
            bar.update(pushed_now - pushed)
            pushed = pushed_now
    click.echo(f"{pushed} samples pushed", err=True)
