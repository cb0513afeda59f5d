"""Turn segments of one stream into rows of a table.

P patches, C channels, G codes of a patch. A stretch is at most 600 consecutive patches of a segment.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from eegstream.dsp.channel_words import EEG
from eegstream.files.placing import PlacedEvent, placed_events
from eegstream.files.segments import CodedSegment
from eegstream.tables.names import RecordingNames
from eegstream.tables.schema import MOST_PATCHES, columns
from eegstream.wire.messages import Event

_EVEN_S = 1e-6
"""Times that differ by less from `t0` and multiples of `patch_s` are not written."""


@dataclass(frozen=True)
class _Stretch:
    """Consecutive patches of one segment."""

    spread: CodedSegment
    number: int
    """Of the segment, counted over all epochs of the stream."""
    start: int
    stop: int
    """Positions in the segment's arrays."""

    @property
    def t(self) -> NDArray[np.float64]:
        """(P,), outlet-clock seconds."""
        return self.spread.t[self.start : self.stop]


def batches(
    segments: Sequence[CodedSegment],
    events: Sequence[Event],
    names: RecordingNames,
) -> Iterator[Any]:
    """A batch of C rows for each stretch of one stream's segments, which come in order.

    Channels are in alphabetical order; those of one label stay as they come.
    """
    for number, segment in enumerate(segments):
        placed = placed_events(segment, events)
        for start, stop in _stretches(segment.index):
            yield _batch(_Stretch(segment, number, start, stop), placed, names)


def _stretches(index: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Positions of stretches in the numbers (P,) of patches."""
    borders = [0, *(np.flatnonzero(np.diff(index) != 1) + 1).tolist(), len(index)]
    for begin, end in pairwise(borders):
        for start in range(begin, end, MOST_PATCHES):
            yield start, min(start + MOST_PATCHES, end)


def _batch(stretch: _Stretch, placed: Sequence[PlacedEvent], names: RecordingNames) -> Any:
    segment, t = stretch.spread, stretch.t
    spec = segment.spec
    model_rate_hz = spec.model_rate_hz or spec.rate_hz
    patch_s = spec.hop / model_rate_hz
    even_t = t[0] + np.arange(len(t)) * patch_s
    inside = [event for event in placed if event.overlaps(t[0], t[-1] + spec.patch / model_rate_hz)]
    order = sorted(range(len(spec.channels)), key=lambda channel: spec.channels[channel])
    codes = segment.codes[stretch.start : stretch.stop, order]
    flags = segment.flags[stretch.start : stretch.stop, order]
    n_patches, n_rows, n_codes = codes.shape
    schema = columns(n_codes)
    ends = np.arange(n_rows + 1, dtype=np.int32) * n_patches
    of_patches = pa.FixedSizeListArray.from_arrays(
        pa.array(np.ascontiguousarray(codes.transpose(1, 0, 2)).reshape(-1)), n_codes
    )
    values: dict[str, Any] = {
        name: [getattr(names, name)] * n_rows for name in ("dataset", "subject", "session", "task", "run", "recording")
    }
    values |= {
        "stream": [spec.stream] * n_rows,
        "channel": [spec.channels[channel] for channel in order],
        "channel_type": [EEG] * n_rows,
        "segment": [stretch.number] * n_rows,
        "first": [int(segment.index[stretch.start])] * n_rows,
        "n_patches": [n_patches] * n_rows,
        "t0": [float(t[0])] * n_rows,
        "patch_s": [patch_s] * n_rows,
        "rate_hz": [spec.rate_hz] * n_rows,
        "t": [None if np.abs(t - even_t).max() <= _EVEN_S else t] * n_rows,
        "codes": pa.ListArray.from_arrays(pa.array(ends), of_patches),
        "flags": pa.ListArray.from_arrays(pa.array(ends), pa.array(np.ascontiguousarray(flags.T).reshape(-1))),
        "events": [[vars(event) for event in inside]] * n_rows,
    }
    arrays = [
        value.cast(field.type) if isinstance(value, pa.Array) else pa.array(value, field.type)
        for field, value in ((field, values[field.name]) for field in schema)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
