"""The maps inside messages: who sends, which model encodes, and what is done to the signal."""

from pydantic import BaseModel, ConfigDict


class Source(BaseModel):
    """Where a stream comes from, as its sender states."""

    model_config = ConfigDict(frozen=True)

    name: str
    type: str
    source_id: str
    uid: str
    hostname: str
    session_id: str
    format: str
    nominal_rate_hz: float | None = None
    """The rate that the sender states; 0 for an irregular stream. None from older daemons."""


class Omitted(BaseModel):
    """A channel of the source that is not encoded."""

    model_config = ConfigDict(frozen=True)

    label: str
    why: str


class ModelIdentity(BaseModel):
    """Which bundle made the codes."""

    model_config = ConfigDict(frozen=True)

    name: str
    version: int
    sha256: str


class Frontend(BaseModel):
    """The signal path's settings, including the user's options."""

    model_config = ConfigDict(frozen=True)

    model_rate_hz: float | None
    highpass_hz: float | None
    notch_hz: float | None


class UtcMark(BaseModel):
    """One moment on both clocks."""

    model_config = ConfigDict(frozen=True)

    iso: str
    clock: float
    """The daemon's monotonic clock, in seconds."""
