"""`eegstream encode`."""

from dataclasses import dataclass
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
    from collections.abc import Iterator

    from eegstream.codec.engine import Engine
    from eegstream.codec.trust import Trust
    from eegstream.files.recordings import Recording
    from eegstream.stream import SignalOptions
    from eegstream.wire.messages import Message


@dataclass
class _Account:
    """The totals of one stream, for the user."""

    patches: int = 0
    gaps: int = 0
    discarded_s: float = 0.0
    _rate_hz: float = 1.0

    def add(self, message: "Message") -> None:
        """Count a message."""
        from eegstream.wire.messages import Codes, End, Gap, Spec

        if isinstance(message, Spec):
            self._rate_hz = message.rate_hz
        elif isinstance(message, Codes):
            self.patches += message.shape[0] * message.shape[1]
        elif isinstance(message, Gap | End):
            self.gaps += isinstance(message, Gap)
            self.discarded_s += message.discarded / self._rate_hz

    def told(self, bundle: str, codes: int) -> str:
        """One line for the user."""
        return (
            f"{self.patches} patches of one channel, {codes} codes each, by {bundle}; "
            f"{self.gaps} gaps, {self.discarded_s:.2f} s that no patch covers"
        )


def _messages(recording: "Recording", engine: "Engine", options: "SignalOptions") -> "Iterator[Message]":
    """The recording's messages; remarks and notes go to stderr."""
    from eegstream.tokenizer import encode_recording
    from eegstream.wire.messages import Spec

    def tell(remark: str) -> None:
        click.echo(f"{recording.name}: {remark}", err=True)

    for message in encode_recording(recording, engine, engine.facts, options, tell):
        if isinstance(message, Spec):
            for note in message.notes:
                tell(note)
        yield message


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
    from eegstream.errors import RecordingError
    from eegstream.files.codes import write_codes
    from eegstream.stream import SignalOptions
    from eegstream.wire.messages import Codes

    require_other_file(file, output)
    choice = ChannelChoice.of(channels, drop, unit, counter_channel)
    options = SignalOptions(
        notch_hz=float(notch) if notch else None, fill_ms=fill_ms or 0.0, choice=choice, rate_hz=rate
    )
    recordings = read_for_user(file, seconds=seconds, rate_hz=rate, stream=stream, choice=choice)
    chosen = choose_device(device or "auto")
    engine = Engine(load(model or "default", chosen, trust), chosen)
    total_s = sum(recording.samples.shape[1] / recording.rate_hz for recording in recordings)
    with (
        write_codes(output) as writer,
        progress("encoding", max(1, int(total_s))) as bar,
    ):
        done_s = 0.0
        sums = []
        for recording in recordings:
            account = _Account()
            for message in _messages(recording, engine, options):
                writer.write(message)
                account.add(message)
                if isinstance(message, Codes):
                    bar.update(max(0, int(done_s + message.t[0]) - bar.pos))
            done_s += recording.samples.shape[1] / recording.rate_hz
            sums.append((recording, account))
        bar.update(bar.length or 0)
        if not any(account.patches for _, account in sums):
            raise RecordingError(f"{file} has {total_s:.2f} s, expected at least one patch", "Give a longer recording")
    for recording, account in sums:
        which = f" {recording.name}:" if len(sums) > 1 else ""
        click.echo(f"{output}:{which} {account.told(engine.bundle.title, len(engine.bundle.manifest.words))}", err=True)
