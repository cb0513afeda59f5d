"""Read the usable EEG streams of one source."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from eegstream.dsp.channel_words import EEG
from eegstream.dsp.channels import ChannelChoice
from eegstream.dsp.frontend import FrontEndSettings
from eegstream.errors import EegstreamError, RecordingError
from eegstream.files.recordings import Recording, read_recordings
from trainer.data.channel_tables import Row, read_channels, stated
from trainer.data.front_ended import Part, parts, usable_channels
from trainer.data.recording_overrides import RecordingOverrides
from trainer.data.splits import RecordingSource


@dataclass(frozen=True)
class Found:
    """The EEG of a source."""

    parts: list[Part]
    lost: tuple[str, ...]
    """EEG streams that cannot be used, and why."""


def read_source(source: RecordingSource, settings: FrontEndSettings, overrides: RecordingOverrides) -> Found:
    """Every EEG stream in the source's file, processed by the signal path.

    Raises:
        EegstreamError: no stream can be used.
    """
    rows = read_channels(Path(source.channels)) if source.channels else []
    recordings = _recordings(source.path, rows, overrides)
    found: list[Part] = []
    errors: dict[str, EegstreamError] = {}
    for recording in recordings:
        try:
            selection = usable_channels(recording, rows, overrides.choice)
            found += parts(recording, selection, settings, overrides.rate_hz)
        except EegstreamError as error:
            errors[recording.stream or recording.name] = error
    if not found:
        raise next(iter(errors.values()))
    return Found(found, tuple(f"stream {name}: {error.message}" for name, error in errors.items()))


def _recordings(path: str, rows: Sequence[Row], overrides: RecordingOverrides) -> list[Recording]:
    """The file's EEG streams, also those whose channels have the type EEG only in the table."""
    try:
        return read_recordings(path, rate_hz=overrides.rate_hz, choice=overrides.choice)
    except RecordingError:
        if overrides.choice.channels or not any(stated(row, "type").upper() == EEG for row in rows):
            raise
    anything = ChannelChoice(channels=("*",), unit=overrides.choice.unit)
    every = read_recordings(path, rate_hz=overrides.rate_hz, choice=anything)
    return [replace(recording, types=("",) * len(recording.types)) for recording in every]
