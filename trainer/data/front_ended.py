"""Turn recordings into the model's input, by the daemon's own signal path.

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
from eegstream.files.samples import Stretch
from eegstream.following import Following, Opened
from eegstream.pipeline import PipelineSettings, StreamPipeline
from eegstream.wire.reasons import END_REASONS
from trainer.data.channel_tables import Row, rows_of, stated

SETTLING_S = 2.0
"""Seconds dropped at the start of every segment, while the high-pass settles."""
_BLOCK = 64


@dataclass(frozen=True)
class Signal:
    """One piece of front-ended EEG without a gap."""

    data_set: str
    subject: str
    rate_hz: float
    """The rate that the model is given: that of the source, whether the signal is resampled or not."""
    samples_uv: NDArray[np.float32]
    """(C, T), at the model's rate."""


@dataclass(frozen=True)
class Part:
    """The part of a recording that has one rate, and its front-ended signal."""

    recording: Recording
    selection: ChannelSelection
    rate_hz: float
    """The rate that its timestamps show, or that the user gave."""
    start: int
    stop: int
    """Its samples, from `start` up to `stop`."""
    segments: list[NDArray[np.float32]]
    """(C, T) each, front-ended at its own rate, without the settling time; short ones are left out."""
    remarks: tuple[str, ...]
    watched: bool
    """Whether it ends where its timestamps change to another rate; False if the user gave the rate."""

    @property
    def samples(self) -> Recording:
        """The recording from `start` up to `stop`."""
        pauses = tuple(pause - self.start for pause in self.recording.pauses if self.start < pause < self.stop)
        return replace(
            self.recording,
            pieces=Stretch(self.recording.pieces, self.start, self.stop),
            times_s=self.recording.times_s[self.start : self.stop],
            pauses=pauses,
        )


def usable_channels(
    recording: Recording, rows: Sequence[Row] = (), choice: ChannelChoice | None = None
) -> ChannelSelection:
    """The EEG channels that are not marked as bad, by the daemon's rules; a table's `rows` override the recording.

    The user's choice overrides both, but not the marks of bad channels. If at least one pattern matches, patterns that
    match no channel are ignored, since a data set may have several montages.

    Raises:
        StreamError: there is no such channel, or no pattern matches.
        RecordingError: the table belongs to other channels.
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
    """The user's choice without patterns that match no channel, unless none matches."""
    choice = choice or ChannelChoice()
    channels = tuple(pattern for pattern in choice.channels if matching(pattern, labels))
    drop = tuple(pattern for pattern in choice.drop if matching(pattern, labels))
    return replace(choice, channels=channels or choice.channels, drop=drop)


def _without_bad(found: ChannelSelection, is_bad: Sequence[bool]) -> ChannelSelection:
    good = [position for position, index in enumerate(found.kept) if not is_bad[index]]
    if not good:
        raise StreamError(
            f"all EEG channels of the {len(is_bad)} channels are marked as bad",
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
    """Segments (C, T) of the recording's EEG at the model's rate, without settling times; short ones are left out.

    With `device_rate_hz` the recording is first resampled to that rate, as if a device of that rate had sent it.

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
    """The recording after the signal path: one part, and a further one after each change of its rate.

    `rate_hz` replaces the rate that its timestamps show.

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
    """A remark if a part has another rate than its recording states."""
    if part.rate_hz == part.recording.rate_hz:
        return None
    since = f" from {part.recording.times_s[part.start]:.0f} s on" if part.start else ""
    return f"{part.recording.rate_hz:g} Hz are stated, timestamps show {part.rate_hz:g} Hz{since}"


def as_sent(part: Part, settings: FrontEndSettings, device_rate_hz: float) -> list[NDArray[np.float32]]:
    """Segments (C, T) of a part as a device of another rate would have sent it, after the same signal path.

    Raises:
        ConfigError: a filter or the resampler cannot work at this rate.
    """
    plain = FrontEndSettings(device_rate_hz, None, None)
    grid = FrontEnd(plain, part.rate_hz, len(part.selection.kept)).grid
    reach = math.ceil(grid.half / grid.down)  # from here on the resampler uses only samples of the segment
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
    """A whole recording, before its rate is estimated."""
    return Part(recording, selection, recording.rate_hz, 0, len(recording.times_s), [], (), watched=True)


def _followed(
    part: Part, settings: FrontEndSettings
) -> Iterator[tuple[StreamPipeline, list[NDArray[np.float32]], int]]:
    """Each pipeline of a part, its segments (C, T) in whole blocks, and the number of samples it received."""
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
