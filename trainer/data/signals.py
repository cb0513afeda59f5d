"""Turn recordings into what the model sees, by the daemon's own path.

A channels of a recording, C of them EEG, T samples, N samples in a patch.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.channels import ChannelSelection, select_channels
from eegstream.dsp.frontend import FrontEnd, FrontEndSettings
from eegstream.files.recordings import MICROVOLTS, Recording
from eegstream.pipeline import Patch, PipelineSettings, StreamPipeline

SETTLING_S = 2.0
"""Left out at the start of every segment, while the high-pass forgets its own start."""
BAD = "BAD"
"""The type that a channel gets which its file or its data set marks as bad."""
_BLOCK = 64

ChannelTable = Mapping[str, Mapping[str, str]]
"""What a BIDS channels.tsv says, by channel name: `type`, `units`, `status`."""


@dataclass(frozen=True)
class Signal:
    """One gapless piece of front-ended EEG."""

    data_set: str
    subject: str
    rate_hz: float
    """What the model is told: the source's rate, whether resampled or not."""
    samples_uv: NDArray[np.float32]
    """(C, T), at the model's rate."""


def usable_channels(recording: Recording, table: ChannelTable) -> ChannelSelection:
    """The EEG channels that nobody marks as bad, by the daemon's rule; `table` knows better than the recording.

    Raises:
        StreamError: there is none.
    """
    types, units = [], []
    for label, kind, unit in zip(recording.labels, recording.types, recording.units, strict=True):
        said = table.get(label, {})
        is_bad = label in recording.bad or (said.get("status") or "").strip().lower() == "bad"
        types.append(BAD if is_bad else (said.get("type") or kind))
        units.append(unit if unit == MICROVOLTS else (said.get("units") or unit))
    return select_channels(recording.labels, types, units)


def front_ended(
    recording: Recording,
    settings: FrontEndSettings,
    device_rate_hz: float | None = None,
    table: ChannelTable | None = None,
) -> list[NDArray[np.float32]]:
    """Segments (C, T) of the recording's EEG at the model's rate, settled; short ones are left out.

    With `device_rate_hz`, as a device of that rate would have sent it: resampled to it before all else.

    Raises:
        StreamError: no channel is usable EEG.
        ConfigError: a filter or the resampler cannot work at this rate.
    """
    selection = usable_channels(recording, table or {})
    if device_rate_hz is None:
        segments = list(_segments(recording, selection, settings))
        rate_hz = settings.model_rate_hz or recording.rate_hz
    else:
        segments = [
            FrontEnd(settings, device_rate_hz, len(sent)).push(sent.astype(np.float64))
            for sent in _as_sent(recording, selection, device_rate_hz)
        ]
        rate_hz = settings.model_rate_hz or device_rate_hz
    settling = round(SETTLING_S * rate_hz)
    return [x[:, settling:] for x in segments if x.shape[1] > settling]


def _as_sent(recording: Recording, selection: ChannelSelection, device_rate_hz: float) -> Iterator[NDArray[np.float32]]:
    """Segments (C, T) at another rate, nothing filtered, from where the resampler's reach lies within the segment."""
    plain = FrontEndSettings(device_rate_hz, None, None)
    grid = FrontEnd(plain, recording.rate_hz, len(selection.kept)).grid
    for segment in _segments(recording, selection, plain):
        yield segment[:, math.ceil(grid.half / grid.down) :]


def _segments(
    recording: Recording, selection: ChannelSelection, settings: FrontEndSettings
) -> Iterator[NDArray[np.float32]]:
    """The recording's segments (C, T), in whole blocks."""
    pipeline = StreamPipeline(
        PipelineSettings(settings, patch=_BLOCK, hop=_BLOCK, amplitude_uv=np.inf), recording.rate_hz, selection
    )
    step = max(1, round(recording.rate_hz))
    events = [
        event
        for start in range(0, recording.samples.shape[1], step)
        for event in pipeline.push(
            recording.samples[:, start : start + step], recording.times_s[start : start + step], 0.0
        )
    ]
    events += pipeline.finish("gone")
    blocks = (event for event in events if isinstance(event, Patch))
    for _, patches in groupby(blocks, key=lambda patch: patch.segment):
        yield np.concatenate([patch.samples_uv for patch in patches], axis=1)
