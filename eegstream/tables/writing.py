"""Write one recording into a table of its own."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from eegstream.codec.seen import look
from eegstream.errors import BundleError, CodesFileError
from eegstream.files.atomic import replacing
from eegstream.files.segments import CodedSegment, collect_segments
from eegstream.tables.files import TableFile
from eegstream.tables.names import RecordingNames
from eegstream.tables.rows import batches
from eegstream.tables.schema import TableFacts
from eegstream.wire.messages import Event, Message, ModelIdentity


class RecordingSink:
    """Takes the messages of one recording; see `write_table`."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def write(self, message: Message) -> None:
        """Take one message."""
        self.messages.append(message)


@contextmanager
def write_table(path: Path, names: RecordingNames, data_license: str | None = None) -> Iterator[RecordingSink]:
    """Write the messages of a recording as a table that appears complete or not at all.

    The codes of the whole recording are in memory until the end. A recording of several streams becomes several, whose
    names end in the stream's. Rows are sorted by recording, segment, first patch and channel.

    Raises:
        CodesFileError: there are no codes, or codes of several bundles or front ends.
        EegstreamError: `path` cannot be written.
    """
    with replacing(path) as unfinished:
        sink = RecordingSink()
        yield sink
        segments = collect_segments(sink.messages, names.recording)
        events = [message for message in sink.messages if isinstance(message, Event)]
        write_segments(unfinished, segments, events, names, data_license)


def write_segments(
    path: Path,
    segments: Sequence[CodedSegment],
    events: Sequence[Event],
    names: RecordingNames,
    data_license: str | None = None,
) -> None:
    """Write segments of one recording, of one stream or more; as `write_table`, but not atomically."""
    streams: dict[str, list[CodedSegment]] = {}
    for segment in segments:
        if len(segment.index):
            streams.setdefault(segment.stream, []).append(segment)
    if not streams:
        raise CodesFileError(f"{names.recording} has no codes", "Give a longer recording")
    facts = _shared_facts([segment for parts in streams.values() for segment in parts], names, data_license)
    with TableFile(path, facts) as file:
        for stream, parts in sorted(streams.items()):
            several = len(streams) > 1
            own = replace(names, recording=f"{names.recording}/{stream}") if several else names
            for batch in batches(parts, events, own):
                file.add(batch)


def _shared_facts(segments: Sequence[CodedSegment], names: RecordingNames, data_license: str | None) -> TableFacts:
    first = segments[0].spec
    facts = TableFacts.of(first, bundle_license=_bundle_license(first.model), data_license=data_license)
    for segment in segments:
        other = TableFacts.of(segment.spec, bundle_license=None, data_license=None)
        if difference := facts.unlike(other):
            raise CodesFileError(
                f"{names.recording} has codes that differ in {difference}; a table has one bundle and front end",
                "Record or encode with one bundle and the same options",
            )
    return facts


def _bundle_license(made_by: ModelIdentity) -> str | None:
    """The licence of a shipped bundle; None for others."""
    try:
        seen = look(f"{made_by.name}@{made_by.version}")
    except BundleError:
        return None
    return seen.manifest.license if seen.sha256 == made_by.sha256 else None
