"""Read the coded recordings of a file, whether it is a codes file or a table."""

from dataclasses import dataclass
from pathlib import Path

from eegstream.files.codes import load_codes
from eegstream.files.damage import told
from eegstream.files.placing import PlacedEvent, events_of_stream
from eegstream.files.segments import CodedSegment

TABLE = ".parquet"


@dataclass(frozen=True)
class CodedRecording:
    """One stream of codes."""

    name: str
    """Of the stream in a codes file; of the recording in a table."""
    segments: list[CodedSegment]
    events: list[PlacedEvent]
    """In order of time, on the clock of the segments."""


@dataclass(frozen=True)
class CodedRecordings:
    """What a file holds."""

    recordings: list[CodedRecording]
    faults: tuple[str, ...]
    """What is damaged or missing, one sentence each."""


def read_coded(path: Path) -> CodedRecordings:
    """The recordings of the file at `path`.

    Raises:
        CodesFileError: it is neither a codes file nor a table.
        EegstreamError: a table is to be read without pyarrow.
    """
    if path.suffix.lower() == TABLE:
        from eegstream.tables.reading import read_tables  # noqa: PLC0415 - pyarrow is an extra

        return CodedRecordings([CodedRecording(one.name, one.segments, one.events) for one in read_tables(path)], ())
    read = load_codes(path)
    faults = [told(path.name, read.damage)] if read.damage else []
    if not read.finished:
        faults.append(f"{path.name} is unfinished behind its last whole message")
    streams: dict[str, list[CodedSegment]] = {}
    for segment in read:
        streams.setdefault(segment.stream, []).append(segment)
    found = [CodedRecording(name, parts, events_of_stream(parts, read.events)) for name, parts in streams.items()]
    return CodedRecordings(found, tuple(faults))
