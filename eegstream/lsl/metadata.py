"""Read the channels from a stream's description."""

from typing import Any

from eegstream.dsp.units import unit_scale
from eegstream.lsl.discovery import Announcement
from eegstream.stream import StreamGeometry
from eegstream.wire.messages import Source

_LABELS, _UNITS = ("label", "name"), ("unit", "units")
_FACTORS = ("scalingfactor", "scaling_factor", "scaling")
_BARE = frozenset({"int_16", "int16", "int_32", "int32", "float32", "ieee_float_32", "counts", "lsb", "adc", ""})
"""Units that only say how numbers are stored: number times the stated factor is in microvolts."""


def stream_geometry(stream: Announcement, full_info: Any) -> StreamGeometry:
    """The geometry of an announced stream, given the full info that its inlet fetched.

    A missing entry of a channel is ""; entries beyond the number of channels are ignored.
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
            nominal_rate_hz=stream.rate_hz,
        ),
        rate_hz=stream.rate_hz,
        labels=labels,
        types=types,
        units=units,
    )


def _channels(full_info: Any, n_channels: int) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    labels, types, units = [], [], []
    node = full_info.desc().child("channels").child("channel")
    for _ in range(n_channels):
        labels.append(_first(node, _LABELS))
        types.append(_first(node, ("type",)))
        units.append(_scaled(_first(node, _UNITS), _first(node, _FACTORS)))
        node = node.next_sibling("channel")
    return tuple(labels), tuple(types), tuple(units)


def _first(node: Any, tags: tuple[str, ...]) -> str:
    """The text of the first tag that has text."""
    texts = (node.child_value(tag).strip() for tag in tags)
    return next(filter(None, texts), "")


def _scaled(unit: str, factor: str) -> str:
    """The unit with its factor to microvolts: "INT_16" and "0.1" give "0.1uV"."""
    if factor and unit.lower() in _BARE and unit_scale(f"{factor}uV") is not None:
        return f"{factor}uV"
    return unit
