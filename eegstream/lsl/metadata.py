"""The geometry of a stream, from its announcement and what its outlet says of its channels."""

from collections.abc import Sequence

from eegstream.dsp.units import unit_scale
from eegstream.lsl.description import ChannelText
from eegstream.lsl.discovery import Announcement
from eegstream.stream import StreamGeometry
from eegstream.wire.messages import Source

_BARE = frozenset({"int_16", "int16", "int_32", "int32", "float32", "ieee_float_32", "counts", "lsb", "adc", ""})
"""Units that only say how numbers are stored: number times the stated factor is in microvolts."""


def stream_geometry(stream: Announcement, channels: Sequence[ChannelText]) -> StreamGeometry:
    """The geometry of an announced stream."""
    return StreamGeometry(
        source=source_of(stream),
        rate_hz=stream.rate_hz,
        labels=tuple(channel.label for channel in channels),
        types=tuple(channel.type for channel in channels),
        units=tuple(_scaled(channel.unit, channel.factor) for channel in channels),
    )


def source_of(stream: Announcement) -> Source:
    """Where an announced stream comes from, as its sender states."""
    return Source(
        name=stream.name,
        type=stream.type,
        source_id=stream.source_id,
        uid=stream.uid,
        hostname=stream.hostname,
        session_id=stream.session_id,
        format=stream.format,
        nominal_rate_hz=stream.rate_hz,
    )


def _scaled(unit: str, factor: str) -> str:
    """The unit with its factor to microvolts: "INT_16" and "0.1" give "0.1uV"."""
    if factor and unit.lower() in _BARE and unit_scale(f"{factor}uV") is not None:
        return f"{factor}uV"
    return unit
