"""Find the streams that LSL announces."""

import math
from dataclasses import dataclass
from typing import Any

import pylsl

FORGET_AFTER_S = 5.0
"""With a shorter time, live outlets would disappear and reappear."""

_FORMATS = {
    pylsl.cf_float32: "float32",
    pylsl.cf_double64: "double64",
    pylsl.cf_string: "string",
    pylsl.cf_int32: "int32",
    pylsl.cf_int16: "int16",
    pylsl.cf_int8: "int8",
    pylsl.cf_int64: "int64",
}
_SAMPLE_BYTES = {"float32": 4, "double64": 8, "int32": 4, "int16": 2, "int8": 1, "int64": 8}

NUMERIC_FORMATS = frozenset(_SAMPLE_BYTES)
MOST_CHANNELS = 1024
OLDEST_PROTOCOL = 110
"""Outlets have spoken it since 2013; the one before is read without limits of memory."""
LONGEST_BUFFER_S = 60
_BUFFER_SAMPLES = 16, 1_000_000
"""Limits of a queue: liblsl loops forever on a queue of one sample, and allocates memory by the announced rate."""


@dataclass(frozen=True)
class Announcement:
    """What an outlet states before anyone connects to it."""

    name: str
    type: str
    source_id: str
    uid: str
    """Identifies one life of one outlet."""
    hostname: str
    session_id: str
    format: str
    n_channels: int
    rate_hz: float
    """Nominal; 0 for irregular streams."""
    created_s: float
    info: Any
    """pylsl's handle, from which an inlet is made."""
    protocol: int = OLDEST_PROTOCOL
    """LSL's protocol version times 100."""

    @property
    def bytes_per_s(self) -> float:
        """Size of a second's samples at the nominal rate."""
        return self.rate_hz * self.n_channels * _SAMPLE_BYTES.get(self.format, 8)

    def buffer_s(self, budget_bytes: int, rate_hz: float) -> int:
        """Seconds at `rate_hz` that a queue of `budget_bytes` holds, within the limits of liblsl."""
        per_second = rate_hz * self.n_channels * _SAMPLE_BYTES.get(self.format, 8)
        seconds = min(LONGEST_BUFFER_S, budget_bytes / per_second, _BUFFER_SAMPLES[1] / rate_hz)
        return max(1, int(seconds), math.ceil(_BUFFER_SAMPLES[0] / rate_hz))


def announcement(info: Any) -> Announcement:
    """Read pylsl's info.

    Raises:
        UnicodeDecodeError: the sender's texts are not UTF-8.
    """
    return Announcement(
        name=info.name(),
        type=info.type(),
        source_id=info.source_id(),
        uid=info.uid(),
        hostname=info.hostname(),
        session_id=info.session_id(),
        format=_FORMATS.get(info.channel_format(), "undefined"),
        n_channels=info.channel_count(),
        rate_hz=info.nominal_srate(),
        created_s=info.created_at(),
        info=info,
        protocol=info.version(),
    )


class Discovery:
    """Watch what LSL announces, in the background."""

    def __init__(self) -> None:
        self._resolver = pylsl.ContinuousResolver(forget_after=FORGET_AFTER_S)

    def announcements(self) -> list[Announcement]:
        """Outlets seen recently, oldest first, without those whose texts are not UTF-8."""
        found = []
        for info in self._resolver.results():
            try:
                found.append(announcement(info))
            except UnicodeDecodeError:
                continue
        return sorted(found, key=lambda stream: (stream.created_s, stream.uid))
