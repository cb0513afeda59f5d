"""Read a recording for a command, and print remarks on it."""

from pathlib import Path

import click

from eegstream.dsp.channels import ChannelChoice
from eegstream.errors import RecordingError
from eegstream.files.beginnings import first_seconds
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
    if seconds is None:
        return recordings
    try:
        return [first_seconds(recording, seconds) for recording in recordings]
    except RecordingError as error:
        raise click.UsageError(error.message) from None
