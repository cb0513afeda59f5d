"""Turn recordings into what the model sees, by the daemon's own path.

A channels of a recording, C of them EEG, T samples, N samples in a patch.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.channels import ChannelChoice, ChannelSelection, LeftOut, select_channels
from eegstream.dsp.frontend import FrontEnd, FrontEndSettings
from eegstream.dsp.pace import settled_rate_hz
from eegstream.dsp.patterns import matching
from eegstream.errors import StreamError
from eegstream.files.recordings import MICROVOLTS, Recording
from eegstream.pipeline import Patch, PipelineSettings, SegmentEnd, StreamPipeline
from trainer.data.channel_tables import Row, rows_of, stated

SETTLING_S = 2.0
"""Left out at the start of every segment, while the high-pass forgets its own start."""
_BLOCK = 64


@dataclass(frozen=True)
class Signal:
    """One gapless piece of front-ended EEG."""

    data_set: str
    subject: str
    rate_hz: float
    """What the model is told: the source's rate, whether resampled or not."""
    samples_uv: NDArray[np.float32]
    """(C, T), at the model's rate."""


@dataclass(frozen=True)
class Part:
    """What came of one recording at one rate."""

    recording: Recording
    selection: ChannelSelection
    rate_hz: float
    """That its stamps show, or the user gave."""
    start: int
    stop: int
    """Its samples, from `start` up to `stop`."""
    segments: list[NDArray[np.float32]]
    """(C, T) each, front-ended at its own rate, settled; short ones are left out."""
    remarks: tuple[str, ...]
    watched: bool
    """It ends where its stamps turn to another rate; else the user gave one."""


def usable_channels(
    recording: Recording, rows: Sequence[Row] = (), choice: ChannelChoice | None = None
) -> ChannelSelection:
    """The EEG channels that nobody marks as bad, by the daemon's rule; a table's `rows` know better than the recording.

    What the user says counts above both, but for channels marked as bad. Of several patterns those that name no
    channel here are no error: a data set has many montages.

    Raises:
        StreamError: there is none, or the user names none of these.
        RecordingError: the table is that of other channels.
    """
    own, notes = rows_of(recording.labels, rows)
    types = [stated(row, "type") or kind for row, kind in zip(own, recording.types, strict=True)]
    units = [
        unit if unit == MICROVOLTS else (stated(row, "units") or unit)
        for row, unit in zip(own, recording.units, strict=True)
    ]
    is_bad = [
        label in recording.bad or stated(row, "status").lower() == "bad"
        for label, row in zip(recording.labels, own, strict=True)
    ]
    found = select_channels(recording.labels, types, units, _as_far_as_it_fits(choice, recording.labels))
    return _without_bad(replace(found, notes=(*found.notes, *notes)), is_bad)


def _as_far_as_it_fits(choice: ChannelChoice | None, labels: Sequence[str]) -> ChannelChoice:
    """What the user says, without patterns that name nothing here, unless no pattern does."""
    choice = choice or ChannelChoice()
    channels = tuple(pattern for pattern in choice.channels if matching(pattern, labels))
    drop = tuple(pattern for pattern in choice.drop if matching(pattern, labels))
    return replace(choice, channels=channels or choice.channels, drop=drop)


def _without_bad(found: ChannelSelection, is_bad: Sequence[bool]) -> ChannelSelection:
    good = [position for position, index in enumerate(found.kept) if not is_bad[index]]
    if not good:
        raise StreamError(
            f"none of the {len(is_bad)} channels is EEG that is not marked as bad",
            remedy="Correct the marks, or leave the recording out",
        )
    bad = [label for label, index in zip(found.labels, found.kept, strict=True) if is_bad[index]]
    return replace(
        found,
        kept=tuple(found.kept[position] for position in good),
        labels=tuple(found.labels[position] for position in good),
        left_out=(*found.left_out, *(LeftOut(label, "marked as bad") for label in bad)),
        unit_scale=found.unit_scale[good],
    )


def front_ended(
    recording: Recording, settings: FrontEndSettings, device_rate_hz: float | None = None
) -> list[NDArray[np.float32]]:
    """Segments (C, T) of the recording's EEG at the model's rate, settled; short ones are left out.

    With `device_rate_hz`, as a device of that rate would have sent it: resampled to it before all else.

    Raises:
        StreamError: no channel is usable EEG.
        ConfigError: a filter or the resampler cannot work at this rate.
    """
    found = parts(recording, usable_channels(recording), settings)
    if device_rate_hz is None:
        return [segment for part in found for segment in part.segments]
    return [segment for part in found for segment in as_sent(part, settings, device_rate_hz)]


def parts(
    recording: Recording, selection: ChannelSelection, settings: FrontEndSettings, rate_hz: float | None = None
) -> list[Part]:
    """The recording behind the signal path: one part, and another whenever it turned to another rate.

    With `rate_hz` that holds, whatever its stamps show.

    Raises:
        ConfigError: a filter or the resampler cannot work at this rate.
    """
    found: list[Part] = []
    start = 0
    while start < len(recording.times_s):
        true_hz = rate_hz or settled_rate_hz(recording.rate_hz, recording.times_s[start:])
        whole = Part(recording, selection, true_hz, start, len(recording.times_s), [], (), rate_hz is None)
        path = _Path(whole, settings)
        segments = _settled(path.segments(), settings.model_rate_hz or true_hz)
        remarks = tuple(filter(None, (_rate_remark(whole), path.remark)))
        found.append(replace(whole, stop=path.stop, segments=segments, remarks=remarks))
        start = path.stop
    return found


def _rate_remark(part: Part) -> str | None:
    """Whether a part came at another rate than its recording states."""
    if part.rate_hz == part.recording.rate_hz:
        return None
    since = f" from {part.recording.times_s[part.start]:.0f} s on" if part.start else ""
    return f"{part.recording.rate_hz:g} Hz are stated, {part.rate_hz:g} Hz hold{since}"


def as_sent(part: Part, settings: FrontEndSettings, device_rate_hz: float) -> list[NDArray[np.float32]]:
    """Segments (C, T) of a part as a device of another rate would have sent it; the same conditions as its own.

    Raises:
        ConfigError: a filter or the resampler cannot work at this rate.
    """
    plain = FrontEndSettings(device_rate_hz, None, None)
    grid = FrontEnd(plain, part.rate_hz, len(part.selection.kept)).grid
    reach = math.ceil(grid.half / grid.down)  # from there on the resampler sees nothing but the segment
    segments = [
        FrontEnd(settings, device_rate_hz, len(sent)).push(sent[:, reach:].astype(np.float64))
        for sent in _Path(part, plain).segments()
    ]
    return _settled(segments, settings.model_rate_hz or device_rate_hz)


def _settled(segments: Sequence[NDArray[np.float32]], rate_hz: float) -> list[NDArray[np.float32]]:
    settling = round(SETTLING_S * rate_hz)
    return [x[:, settling:] for x in segments if x.shape[1] > settling]


class _Path:
    """One part's way through the pipeline."""

    def __init__(self, part: Part, settings: FrontEndSettings) -> None:
        self._part = part
        self._pipeline = StreamPipeline(
            PipelineSettings(settings, patch=_BLOCK, hop=_BLOCK, amplitude_uv=np.inf),
            part.rate_hz,
            part.selection,
            watch_rate=part.watched,
        )
        self.stop = part.start
        """Where the part ends, or turned out to have another rate."""

    @property
    def remark(self) -> str | None:
        """What is odd about the size of the numbers."""
        return self._pipeline.remark

    def segments(self) -> list[NDArray[np.float32]]:
        """Segments (C, T), in whole blocks."""
        blocks = (event for event in self._events() if isinstance(event, Patch))
        return [
            np.concatenate([patch.samples_uv for patch in patches], axis=1)
            for _, patches in groupby(blocks, key=lambda patch: patch.segment)
        ]

    def _events(self) -> Iterator[Patch | SegmentEnd]:
        recording, part = self._part.recording, self._part
        step = max(1, round(recording.rate_hz))
        pauses = {pause for pause in recording.pauses if part.start <= pause < part.stop}
        for start, stop in pairwise(sorted({*range(part.start, part.stop, step), *pauses, part.stop})):
            if start in pauses:
                yield from self._pipeline.pause()
            yield from self._pipeline.push(recording.samples[:, start:stop], recording.times_s[start:stop], 0.0)
            self.stop = stop
            if self._pipeline.changed_rate_hz is not None:
                break
        yield from self._pipeline.finish("gone")
