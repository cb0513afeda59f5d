"""What a stream looks like from outside, and what the user says about it."""

from dataclasses import dataclass, field

from eegstream.dsp.channels import ChannelChoice
from eegstream.wire.messages import Source


@dataclass(frozen=True)
class SignalOptions:
    """The options that may change a code; the same in `run` and `encode`, and stated in `spec.notes`."""

    notch_hz: float | None = None
    fill_ms: float = 0.0
    choice: ChannelChoice = field(default_factory=ChannelChoice)
    """Channels and their units."""
    rate_hz: float | None = None
    """The user's rate. If given, the stated rate and the timestamps' rate are ignored."""


@dataclass(frozen=True)
class FileOptions:
    """What the user says about every recording that is encoded."""

    signal: SignalOptions = field(default_factory=SignalOptions)
    seconds: float | None = None
    """Only the first seconds; None is all."""
    stream: str | None = None
    """Only this stream of a file with several, by name or number."""


@dataclass(frozen=True)
class StreamGeometry:
    """What a stream states of its rate and channels; one entry per channel of the source."""

    source: Source
    rate_hz: float
    """Nominal; 0 for an irregular stream."""
    labels: tuple[str, ...]
    types: tuple[str, ...]
    units: tuple[str, ...]
    stated_scale: tuple[float, ...] = ()
    """Microvolts in one step of the numbers that the user knows, if these are not in `units`."""

    @property
    def is_recording(self) -> bool:
        """Whether the stream is a recording, also one that is played; its arrivals tell nothing of its clock."""
        return self.source.source_id.startswith("file:")
