"""`eegstream encode`."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from eegstream.cli.encode_options import corpus_options
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
    from eegstream.cli.encode_options import CorpusOptions
    from eegstream.codec.engine import Engine
    from eegstream.codec.trust import Trust
    from eegstream.encoding import StreamCounts
    from eegstream.files.recordings import Recording
    from eegstream.stream import FileOptions


@click.command("encode")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option(
    "-o", "output", type=click.Path(path_type=Path), help="F.codes.mcap or F.parquet of one recording, else a folder."
)
@model_option
@device_option
@click.option("--seconds", type=PositiveSeconds(), help="Only the first N seconds of samples.")
@stream_option
@channel_options
@signal_options
@click.option("--with-signal", is_flag=True, help="Write the signal that the model sees into F.signal.npz beside it.")
@corpus_options
@with_trust
def command(
    paths: tuple[str, ...],
    output: Path | None,
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
    with_signal: bool,
    corpus: "CorpusOptions",
) -> None:
    """Encode recordings, with the content that `run` would publish for `play FILE`.

    One recording becomes a codes file; -o names it. Several, a folder, a pattern or a BIDS data set become a folder
    with one codes file for each recording and a manifest; run again, it does what is missing or has changed.

    Each stream of EEG in a recording becomes a stream of its codes file. One recording can also be
    synthetic:rate=250,channels=8,seconds=60,seed=0.
    """
    from eegstream.cli.encode_corpus import encode_many, folder_of
    from eegstream.dsp.channels import ChannelChoice
    from eegstream.stream import FileOptions, SignalOptions

    choice = ChannelChoice.of(channels, drop, unit, counter_channel)
    signal = SignalOptions(
        notch_hz=float(notch) if notch else None, fill_ms=fill_ms or 0.0, choice=choice, rate_hz=rate
    )
    options = FileOptions(signal, seconds, stream)
    folder = folder_of(paths, output, corpus)
    if folder is not None:
        if with_signal:
            raise click.UsageError("--with-signal is for one recording")
        encode_many(paths, folder, model or "default", trust, device or "auto", options, corpus)
    elif output is None:
        raise click.UsageError("Missing option '-o': give the codes file.")
    else:
        target = OutputFile(".mcap", ".parquet").convert(str(output), None, click.get_current_context())
        made = _encode_one(paths[0], target, model or "default", trust, device or "auto", options)
        if with_signal:
            _write_signals(*made, target, options)


def _encode_one(
    file: str, output: Path, model: str, trust: "Trust", device: str, options: "FileOptions"
) -> "tuple[list[Recording], Engine]":
    """Encode one recording into one codes file, or one table; what was encoded, and with what."""
    from eegstream.cli.progress import progress
    from eegstream.cli.recording import read_for_user, require_other_file
    from eegstream.codec.bundle import load
    from eegstream.codec.engine import Engine, choose_device
    from eegstream.encoding import encode_streams
    from eegstream.files.sinks import MessageSink

    require_other_file(file, output)
    signal = options.signal
    recordings = read_for_user(
        file, seconds=options.seconds, rate_hz=signal.rate_hz, stream=options.stream, choice=signal.choice
    )
    chosen = choose_device(device)
    engine = Engine(load(model, chosen, trust), chosen)
    total_s = sum(recording.pieces.shape[1] / recording.rate_hz for recording in recordings)
    sink: AbstractContextManager[MessageSink]
    if output.suffix.lower() == ".parquet":
        from eegstream.tables.names import RecordingNames
        from eegstream.tables.writing import write_table

        sink = write_table(output, RecordingNames.of_path(file))
    else:
        from eegstream.files.codes import write_codes

        sink = write_codes(output)
    with sink as writer, progress("encoding", max(1, int(total_s))) as bar:
        sums = encode_streams(
            recordings,
            engine,
            signal,
            writer,
            lambda remark: click.echo(remark, err=True),
            lambda reached_s: bar.update(max(0, int(reached_s) - bar.pos)),
        )
        bar.update(bar.length or 0)
    for counts in sums:
        which = f" {counts.name}:" if len(sums) > 1 else ""
        click.echo(f"{output}:{which} {_told(counts, engine)}", err=True)
    return recordings, engine


def _write_signals(recordings: "list[Recording]", engine: "Engine", output: Path, options: "FileOptions") -> None:
    """Write what the model sees of each stream, in the form of `decode -o F.npz`."""
    from eegstream.front_ended import front_ended
    from eegstream.signal_files import write_npz

    stem = output.name.removesuffix(output.suffix).removesuffix(".codes")
    for recording in recordings:
        which = f"-{recording.name}" if len(recordings) > 1 else ""
        path = output.with_name(f"{stem}{which}.signal.npz")
        write_npz(path, front_ended(recording, engine.facts, options.signal))
        click.echo(f"{path}: the signal that the model sees", err=True)


def _told(counts: "StreamCounts", engine: "Engine") -> str:
    """One line for the user."""
    words = len(engine.bundle.manifest.words)
    return (
        f"{counts.patches} patches of one channel, {words} codes each, by {engine.bundle.title}; "
        f"{counts.gaps} gaps, {counts.discarded_s:.2f} s that no patch covers"
    )
