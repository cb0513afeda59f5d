"""`eegstream encode`."""

from pathlib import Path

import click

from eegstream.cli.options import PositiveSeconds, device_option, model_option, signal_options


@click.command("encode")
@click.argument("file")
@click.option("-o", "output", required=True, type=click.Path(path_type=Path), help="F.codes.mcap")
@model_option
@device_option
@click.option("--seconds", type=PositiveSeconds(), help="Only the first N seconds of samples.")
@signal_options
@click.option("--rate", type=click.FloatRange(min=0.5, max=50_000), help="Sampling rate in Hz, where FILE has none.")
def command(
    file: str,
    output: Path,
    model: str | None,
    device: str | None,
    seconds: float | None,
    notch: str | None,
    unit: str | None,
    fill_ms: float | None,
    rate: float | None,
) -> None:
    """Encode FILE into a codes file, with the content that `run` would publish for `play FILE`.

    FILE is a recording, or synthetic:rate=250,channels=8,seconds=60,seed=0.
    """
    from eegstream.cli.progress import progress
    from eegstream.cli.recording import read_for_user, require_other_file
    from eegstream.epoch import SignalOptions
    from eegstream.files.codes import write_codes
    from eegstream.tokenizer import Tokenizer, encode_recording, model_facts
    from eegstream.wire.messages import Codes, End, Gap, Spec

    require_other_file(file, output)
    options = SignalOptions(notch_hz=float(notch) if notch else None, unit=unit, fill_ms=fill_ms or 0.0)
    recording = read_for_user(file, seconds=seconds, rate_hz=rate, raw_units=bool(unit and unit.endswith("!")))
    engine = Tokenizer.load(model or "default", device or "auto").engine
    messages = encode_recording(recording, engine, model_facts(engine), options)
    patches = gaps = discarded = 0
    manifest = engine.bundle.manifest
    total_s = recording.samples.shape[1] / recording.rate_hz
    with (
        write_codes(output) as writer,
        progress("encoding", max(1, int(total_s))) as bar,
    ):
        for message in messages:
            writer.write(message)
            if isinstance(message, Spec):
                for note in message.notes:
                    click.echo(f"{recording.name}: {note}", err=True)
            elif isinstance(message, Codes):
                patches += message.shape[0] * message.shape[1]
                bar.update(max(0, int(message.t[0]) - bar.pos))
            elif isinstance(message, Gap | End):
                gaps += isinstance(message, Gap)
                discarded += message.discarded
        bar.update(bar.length or 0)
    click.echo(
        f"{output}: {patches} patches of one channel, {len(manifest.words)} codes each, by {engine.bundle.title}; "
        f"{gaps} gaps, {discarded / recording.rate_hz:.2f} s that no patch covers",
        err=True,
    )
