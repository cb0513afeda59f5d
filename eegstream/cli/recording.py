"""Read a recording for a command, and tell what is odd about it."""

import dataclasses
from pathlib import Path

import click

from eegstream.files.recordings import Recording, read_recording


def require_other_file(source: str, output: Path) -> None:
    """Raise UsageError if the output is the source itself."""
    if output.exists() and Path(source).exists() and output.samefile(source):
        raise click.UsageError(f"-o {output} is the file that is read; give another one")


def read_for_user(
    file: str, *, seconds: float | None = None, rate_hz: float | None = None, raw_units: bool = False
) -> Recording:
    """The recording, or its first `seconds`; its remarks go to stderr.

    Raises:
        RecordingError: the file is no recording that can be read.
    """
    recording = read_recording(file, rate_hz=rate_hz, raw_units=raw_units)
    for remark in recording.remarks:
        click.echo(f"{recording.name}: {remark}", err=True)
    if seconds is None:
        return recording
    count = round(min(seconds * recording.rate_hz, recording.samples.shape[1]))
    if count == 0:
        raise click.UsageError(f"--seconds {seconds:g} is less than one sample at {recording.rate_hz:g} Hz")
    return dataclasses.replace(recording, samples=recording.samples[:, :count], times_s=recording.times_s[:count])
