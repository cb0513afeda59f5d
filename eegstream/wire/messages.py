"""The messages on the wire, as typed objects that become msgpack maps.

docs/reference/wire.md is the specification. P patches, C channels, G codes of a patch. Fields with a fixed set of
words have the type `... | str`, because a later version may have more words.
"""

from typing import Annotated, Literal

import msgpack
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from eegstream.wire.parts import Frontend, ModelIdentity, Omitted, Source, UtcMark
from eegstream.wire.reasons import EndReason, GapReason, Status

__all__ = [
    "WIRE_VERSION",
    "Codes",
    "End",
    "Event",
    "Frontend",
    "Gap",
    "Message",
    "ModelIdentity",
    "Omitted",
    "Source",
    "Spec",
    "State",
    "Unknown",
    "UtcMark",
]

WIRE_VERSION: Literal[1] = 1

Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


def _known_lines(shares: object) -> object:
    """Leave out what a later daemon may say beside 50 and 60 Hz."""
    return {key: shares[key] for key in ("50", "60") if key in shares} if isinstance(shares, dict) else shares


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    v: Literal[1] = WIRE_VERSION
    kind: str
    stream: str
    run: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    """One value per start of the daemon."""
    epoch: Count

    @property
    def topic(self) -> str:
        """`<stream>/<kind>`."""
        return f"{self.stream}/{self.kind}"

    def to_payload(self) -> bytes:
        """The msgpack map of the message."""
        packed: bytes = msgpack.packb(self.model_dump())
        return packed


class _Sequenced(_Message):
    seq: Count
    """One counter per stream and run, from 0, without holes."""


class Spec(_Sequenced):
    """Opens an epoch: all that is needed to read its codes."""

    kind: Literal["spec"] = "spec"
    source: Source
    rate_hz: float
    channels: tuple[str, ...]
    left_out: tuple[Omitted, ...]
    unit_scale: tuple[float, ...]
    """Factor to microvolts, per channel."""
    model: ModelIdentity
    patch: int
    hop: int
    words: tuple[int, ...]
    model_rate_hz: float | None
    frontend: Frontend
    delay_s: float
    device: str
    precision: str
    torch: str
    utc: UtcMark
    notes: tuple[str, ...]


class Codes(_Sequenced):
    """Codes of consecutive patches of all channels."""

    kind: Literal["codes"] = "codes"
    segment: Count
    first: Count
    """Index of the first patch in its segment."""
    shape: tuple[Count, Count, Count]
    """(P, C, G)"""
    dtype: Literal["<u2"] = "<u2"
    codes: bytes
    flags: bytes
    """(P, C) bytes."""
    t: tuple[float, ...]
    """(P,), outlet-clock second of each patch's first sample."""
    clock_offset: float | None
    """Daemon clock minus outlet clock, in seconds; None before the first estimate."""
    clock_error: float | None
    """Uncertainty of `clock_offset` and of `t` in bursty streams, in seconds."""
    arrived: float
    """Daemon-clock second at which the last needed sample was pulled."""

    @model_validator(mode="after")
    def _sizes_agree(self) -> "Codes":
        patches, channels, groups = self.shape
        sizes = (len(self.codes), len(self.flags), len(self.t))
        if sizes != (2 * patches * channels * groups, patches * channels, patches):
            raise ValueError(f"codes, flags and t have {sizes} bytes or items, which is not shape {self.shape}")
        return self

    @property
    def array(self) -> NDArray[np.uint16]:
        """The codes, (P, C, G)."""
        return np.frombuffer(self.codes, "<u2").reshape(self.shape)

    @property
    def flag_array(self) -> NDArray[np.uint8]:
        """The flags, (P, C)."""
        return np.frombuffer(self.flags, "u1").reshape(self.shape[:2])


class _Account(_Sequenced):
    segment: Count
    t_from: float | None
    """Time of the segment's last sample plus one interval; None if none had a time."""
    t_to: float | None
    missing: Count | None
    received: Count
    discarded: Count
    emitted: Count
    tail: Count


class Gap(_Account):
    """Closes a segment and opens the next."""

    kind: Literal["gap"] = "gap"
    reason: GapReason | str


class End(_Account):
    """Closes an epoch."""

    kind: Literal["end"] = "end"
    reason: EndReason | str


class Event(_Sequenced):
    """Something that was marked at one moment, or over a time: a stimulus, an answer, an annotation."""

    kind: Literal["event"] = "event"
    t: Annotated[float, Field(allow_inf_nan=False)]
    """Second on the clock of its own outlet; of a file, since its first sample."""
    clock_offset: float | None
    """Daemon clock minus the outlet's clock, in seconds; None before the first estimate."""
    clock_error: float | None
    """Uncertainty of `clock_offset`, in seconds."""
    duration: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None
    """Seconds; None if the source states none."""
    label: str
    value: Annotated[float, Field(allow_inf_nan=False)] | None
    """The number that the source sent, or that is part of its label; None if there is none."""
    source: Source
    """Where the event comes from; its name need not be that of the stream that has the EEG."""


class State(_Message):
    """The state of a stream (or of the daemon), once a second. Not sequenced, not part of the content."""

    kind: Literal["state"] = "state"
    last_seq: Count | None
    """Newest `seq` sent for the stream; None before the first."""
    status: Status | str
    why: str | None
    received: Count
    """Source samples received in this run."""
    encoded: Count
    """Patches of one channel encoded in this run."""
    lag_s: float | None
    """Age of the newest codes' last sample when they were sent."""
    dropped: Count
    """Source samples dropped before the signal path in this run."""
    segment: Count | None
    t: float
    """Daemon clock."""
    rate_measured_hz: float | None
    remarks: tuple[str, ...] = ()
    """Remarks on the stream's signal; empty from older daemons."""
    mains_share: Annotated[dict[str, Share | None], BeforeValidator(_known_lines)] | None = None
    """Share of the energy near "50" and "60" Hz over the last seconds, None for one above the stream's band; None
    before the first result, without an epoch, and from older daemons."""


class Unknown(_Message):
    """A message of a kind from a later version of the wire: only the fields that all kinds share."""

    kind: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    seq: Count | None = None
    """None for a kind that is not sequenced."""


Message = Spec | Codes | Gap | End | Event | State
