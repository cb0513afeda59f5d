"""What a stream's description says of its channels."""

from typing import Any

from eegstream.epoch import StreamGeometry
from eegstream.lsl.discovery import Announcement
from eegstream.wire.messages import Source


def stream_geometry(stream: Announcement, full_info: Any) -> StreamGeometry:
    """The geometry of an announced stream, given the full info that its inlet fetched.

    Channels that the description leaves out get a number as their label; what it says beyond the channels is left.
    """
    labels, types, units = _channels(full_info, stream.n_channels)
    return StreamGeometry(
        source=Source(
            name=stream.name,
            type=stream.type,
            source_id=stream.source_id,
            uid=stream.uid,
            hostname=stream.hostname,
            session_id=stream.session_id,
            format=stream.format,
        ),
        rate_hz=stream.rate_hz,
        labels=labels,
        types=types,
        units=units,
    )


def _channels(full_info: Any, n_channels: int) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    labels, types, units = [], [], []
    node = full_info.desc().child("channels").child("channel")
    for number in range(1, n_channels + 1):
        label, kind, unit = (node.child_value(tag).strip() for tag in ("label", "type", "unit"))
        labels.append(label or f"ch{number}")
        types.append(kind)
        units.append(unit)
        node = node.next_sibling("channel")
    return tuple(labels), tuple(types), tuple(units)
