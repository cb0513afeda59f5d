"""Turn recordings into what the model sees, by the daemon's own path.

A channels of a recording, C of them EEG, T samples, N samples in a patch.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.channels import select_channels
from eegstream.dsp.frontend import FrontEndSettings
from eegstream.files.recordings import Recording
from eegstream.pipeline import Patch, PipelineSettings, StreamPipeline

SETTLING_S = 2.0
"""Left out at the start of every segment, while the high-pass forgets its own start."""
_BLOCK = 64


@dataclass(frozen=True)
class Signal:
    """One gapless piece of front-ended EEG."""

    data_set: str
    rate_hz: float
    """What the model is told: the source's rate, whether resampled or not."""
    samples_uv: NDArray[np.float32]
    """(C, T), at the model's rate."""


def front_ended(recording: Recording, settings: FrontEndSettings) -> list[NDArray[np.float32]]:
    """Segments (C, T) of the recording's EEG at the model's rate, settled; short ones are left out.

    Raises:
        StreamError: no channel is EEG.
        ConfigError: a filter or the resampler cannot work at this rate.
    """
    rate_hz = settings.model_rate_hz or recording.rate_hz
    settling = round(SETTLING_S * rate_hz)
    segments = []
    for _, patches in groupby(_blocks(recording, settings), key=lambda patch: patch.segment):
        samples_uv = np.concatenate([patch.samples_uv for patch in patches], axis=1)
        if samples_uv.shape[1] > settling:
            segments.append(samples_uv[:, settling:])
    return segments


def _blocks(recording: Recording, settings: FrontEndSettings) -> Iterator[Patch]:
    """The recording's signal in short patches without overlap."""
    pipeline = StreamPipeline(
        PipelineSettings(settings, patch=_BLOCK, hop=_BLOCK, amplitude_uv=np.inf),
        recording.rate_hz,
        select_channels(recording.labels, recording.types, recording.units),
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
    return (event for event in events if isinstance(event, Patch))


def at_rates(
    data_set: str, recording: Recording, settings: FrontEndSettings, rates_hz: tuple[float, ...]
) -> list[Signal]:
    """The recording's signals: as it is, and as a device of each of the `rates_hz` would have sent it.

    Only a model that works at the stream's own rate has use for other rates.
    """
    signals = [Signal(data_set, recording.rate_hz, x) for x in front_ended(recording, settings)]
    for rate_hz in rates_hz:
        if rate_hz != recording.rate_hz:
            as_sent = FrontEndSettings(rate_hz, settings.highpass_hz, settings.notch_hz)
            signals += [Signal(data_set, rate_hz, x) for x in front_ended(recording, as_sent)]
    return signals
