"""Treat a recording as an outlet: its geometry, and its samples in chunks with its pauses, for `Following`."""

from collections.abc import Iterator
from itertools import pairwise

from eegstream.files.recordings import OUTLET_FORMAT, OUTLET_TYPE, Recording
from eegstream.files.samples import ReadAhead
from eegstream.following import F, Following, Happened, Opened
from eegstream.stream import StreamGeometry
from eegstream.wire.messages import Source


def recording_geometry(recording: Recording) -> StreamGeometry:
    """The geometry that `play` would announce for the recording."""
    return StreamGeometry(
        source=Source(
            name=recording.name,
            type=OUTLET_TYPE,
            source_id=recording.source_id,
            uid="",
            hostname="",
            session_id="",
            format=OUTLET_FORMAT,
            nominal_rate_hz=recording.rate_hz,
        ),
        rate_hz=recording.rate_hz,
        labels=recording.labels,
        types=recording.types,
        units=recording.units,
        stated_scale=recording.file_scale,
    )


def feed(recording: Recording, following: Following[F]) -> Iterator[list[Opened[F] | Happened[F]]]:
    """Yield the events of each second of the recording, then those of its end."""
    step = max(1, round(recording.rate_hz))
    n_samples = recording.pieces.shape[1]
    ahead = ReadAhead(recording.pieces)
    for start, stop in pairwise(sorted({*range(0, n_samples, step), *recording.pauses, n_samples})):
        if start in recording.pauses:
            yield following.pause()
        yield following.push(ahead.read(start, stop), recording.times_s[start:stop], arrived_s=0.0)
    yield following.finish("gone")
