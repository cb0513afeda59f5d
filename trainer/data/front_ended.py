"""Turn recordings into what the model sees, by the daemon's own path.

A channels of a recording, C of them EEG, T samples, N samples in a patch.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from eegstream.dsp.channels import ChannelChoice, ChannelSelection, LeftOut, select_channels
from eegstream.dsp.frontend import FrontEnd, FrontEndSettings
from eegstream.dsp.patterns import matching
from eegstream.errors import StreamError
from eegstream.events import Patch
from eegstream.feeding import feed
from eegstream.files.recordings import MICROVOLTS, Recording
from eegstream.following import Following, Opened
from eegstream.pipeline import PipelineSettings, StreamPipeline
from eegstream.wire.reasons import END_REASONS
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

    @property
    def samples(self) -> Recording:
        """The recording from `start` up to `stop`."""
        pauses = tuple(pause - self.start for pause in self.recording.pauses if self.start < pause < self.stop)
        part = slice(self.start, self.stop)
        return replace(
            self.recording, samples=self.recording.samples[:, part], times_s=self.recording.times_s[part], pauses=pauses
        )


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
    whole = replace(_unread(recording, selection), rate_hz=rate_hz or recording.rate_hz, watched=rate_hz is None)
    found: list[Part] = []
    for pipeline, segments, received in _followed(whole, settings):
        start = found[-1].stop if found else 0
        part = replace(whole, rate_hz=pipeline.rate_hz, start=start, stop=start + received)
        remarks = tuple(filter(None, (_rate_remark(part), pipeline.remark)))
        settled = _settled(segments, settings.model_rate_hz or part.rate_hz)
        found.append(replace(part, segments=settled, remarks=remarks))
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
        for _, segments, _ in _followed(replace(part, watched=False), plain)
        for sent in segments
    ]
    return _settled(segments, settings.model_rate_hz or device_rate_hz)


def _settled(segments: Sequence[NDArray[np.float32]], rate_hz: float) -> list[NDArray[np.float32]]:
    settling = round(SETTLING_S * rate_hz)
    return [x[:, settling:] for x in segments if x.shape[1] > settling]


def _unread(recording: Recording, selection: ChannelSelection) -> Part:
    """All of a recording, before anything is known of its rate."""
    return Part(recording, selection, recording.rate_hz, 0, len(recording.times_s), [], (), watched=True)


def _followed(
    part: Part, settings: FrontEndSettings
) -> Iterator[tuple[StreamPipeline, list[NDArray[np.float32]], int]]:
    """Each pipeline that a part's samples went through, its segments (C, T) in whole blocks, and its samples."""
    following = Following(
        part.rate_hz,
        lambda rate_hz: StreamPipeline(
            PipelineSettings(settings, patch=_BLOCK, hop=_BLOCK, amplitude_uv=np.inf),
            rate_hz,
            part.selection,
            watch_rate=part.watched,
        ),
        is_given=not part.watched,
    )
    blocks: dict[int, list[NDArray[np.float32]]] = {}
    received = 0
    for step in chain.from_iterable(feed(part.samples, following)):
        if isinstance(step, Opened):
            blocks, received = {}, 0
        elif isinstance(step.event, Patch):
            blocks.setdefault(step.event.segment, []).append(step.event.samples_uv)
        else:
            received += step.event.received
            if step.event.reason in END_REASONS:
                yield step.followed, [np.concatenate(patches, axis=1) for patches in blocks.values()], received
