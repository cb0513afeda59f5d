"""Read the marker streams of an XDF file as events of its EEG.

n markers of K values.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from eegstream.files.events import FileEvent, labelled
from eegstream.files.xdf_channels import first_text


def is_marker_stream(stream: Mapping[str, Any]) -> bool:
    """Whether a stream holds texts, or says by its type that it holds markers."""
    is_text = first_text(stream["info"], "channel_format") == "string"
    return is_text or "marker" in first_text(stream["info"], "type").lower()


def marked_events(streams: Sequence[Mapping[str, Any]], eeg: Mapping[str, Any]) -> tuple[FileEvent, ...]:
    """The markers of all marker streams, on the clock of the stream `eeg`."""
    return tuple(
        event for stream in streams if is_marker_stream(stream) for event in _events(stream, _offset_s(stream, eeg))
    )


def _events(stream: Mapping[str, Any], offset_s: float) -> list[FileEvent]:
    rows = zip(np.asarray(stream["time_stamps"], np.float64), stream["time_series"], strict=True)
    return [event for t_s, row in rows if (event := _event(float(t_s) + offset_s, row)).label]


def _event(t_s: float, row: Any) -> FileEvent:
    """The event of K values: texts are joined by blanks; of a single number, the value is that number."""
    values = list(np.atleast_1d(row))
    if len(values) == 1 and not isinstance(values[0], str):
        return FileEvent(t_s, None, f"{values[0]:.10g}", float(values[0]) if np.isfinite(values[0]) else None)
    return labelled(t_s, None, " ".join(value if isinstance(value, str) else f"{value:.10g}" for value in values))


def _offset_s(stream: Mapping[str, Any], eeg: Mapping[str, Any]) -> float:
    """Seconds to add to a stream's stamps to have them on the EEG's clock; 0 for two streams of one host."""
    hosts = [first_text(one["info"], "hostname") for one in (stream, eeg)]
    measured = [_to_recorder_s(one) for one in (stream, eeg)]
    if hosts[0] == hosts[1] or measured[0] is None or measured[1] is None:
        return 0.0
    return measured[0] - measured[1]


def _to_recorder_s(stream: Mapping[str, Any]) -> float | None:
    """Median of the measured offsets to the recorder's clock; None if there are none."""
    try:
        offsets = stream["footer"]["info"]["clock_offsets"][0]["offset"]
        values = [float(offset["value"][0]) for offset in offsets]
    except (KeyError, IndexError, TypeError, ValueError):
        return None
    return float(np.median(values)) if values else None
