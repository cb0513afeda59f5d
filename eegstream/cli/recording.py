"""Read a recording for a command, and print remarks on it."""

import dataclasses
from pathlib import Path

import click

from eegstream.dsp.channels import ChannelChoice
from eegstream.files.recordings import Recording, read_recordings


def require_other_file(source: str, output: Path) -> None:
    """Raise UsageError if the output is the source itself."""
    if output.exists() and Path(source).exists() and output.samefile(source):
        raise click.UsageError(f"-o {output} is the input file; give another one")


def read_for_user(
    file: str,
    *,
    seconds: float | None = None,
    rate_hz: float | None = None,
    stream: str | None = None,
    choice: ChannelChoice | None = None,
) -> list[Recording]:
    """The streams of EEG in a recording, or their first `seconds`; remarks go to stderr.

    Raises:
        RecordingError: the file cannot be read as a recording.
    """
    recordings = read_recordings(file, rate_hz=rate_hz, stream=stream, choice=choice)
    for recording in recordings:
        for remark in recording.remarks:
            click.echo(f"{recording.name}: {remark}", err=True)
    return recordings if seconds is None else [_shortened(recording, seconds) for recording in recordings]


def _shortened(recording: Recording, seconds: float) -> Recording:
    count = round(min(seconds * recording.rate_hz, recording.samples.shape[1]))
    if count == 0:
        raise click.UsageError(f"--seconds {seconds:g} is less than one sample at {recording.rate_hz:g} Hz")
    return dataclasses.replace(
        recording,
        samples=recording.samples[:, :count],
        times_s=recording.times_s[:count],
        pauses=tuple(pause for pause in recording.pauses if pause < count),
    )
