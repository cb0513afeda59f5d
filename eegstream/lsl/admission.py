"""Decide whether a stream is taken: `run` uses this decision, and `streams` shows it."""

import re
from typing import Protocol

from eegstream.dsp.rates import HIGHEST_RATE_HZ, LOWEST_RATE_HZ
from eegstream.lsl.description import LONGEST_TEXT
from eegstream.lsl.discovery import MOST_CHANNELS, NUMERIC_FORMATS, OLDEST_PROTOCOL, Announcement
from eegstream.selection import Described

_MOST_BYTES_PER_S = 64 * 2**20
"""liblsl reserves five seconds of samples before it connects."""
MOST_MARKER_CHANNELS = 64
_UID = re.compile(r"[\w.:{}-]{1,64}", re.ASCII)
"""A uid becomes part of a search expression."""


class Wishes(Protocol):
    """The user's wishes: which streams, at which rate; `config.RunConfig` in the product."""

    def wants(self, stream: Described) -> bool:
        """Whether the user wants the stream."""

    def rate_of(self, stream: Described) -> float | None:
        """The rate that the user gives to the stream, in Hz."""


def refusal(stream: Announcement, wishes: Wishes) -> str | None:
    """Why a wanted stream cannot be used; None if it can. This is decided before connecting to the stream."""
    rate_hz = wishes.rate_of(stream) or stream.rate_hz
    if stream.format not in NUMERIC_FORMATS:
        return f"its format is {'text (string)' if stream.format == 'string' else stream.format}, expected numbers"
    if not 1 <= stream.n_channels <= MOST_CHANNELS:
        return f"it has {stream.n_channels} channels, expected 1 to {MOST_CHANNELS}"
    if rate_hz == 0:
        return "its rate is irregular, expected a fixed sampling rate; if its timestamps are regular, give --rate"
    if not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ:
        return f"its rate is {rate_hz:g} Hz, expected {LOWEST_RATE_HZ:g} to {HIGHEST_RATE_HZ:g} Hz"
    if stream.bytes_per_s > _MOST_BYTES_PER_S:
        return (
            f"its samples take {stream.bytes_per_s / 2**20:.0f} MiB a second, expected at most "
            f"{_MOST_BYTES_PER_S / 2**20:.0f} MiB"
        )
    return bad_identity(stream)


def marker_refusal(stream: Announcement) -> str | None:
    """Why an outlet cannot be read as markers; None if it can."""
    if stream.format == "undefined" or not 1 <= stream.n_channels <= MOST_MARKER_CHANNELS:
        return f"it has {stream.n_channels} channels of {stream.format}, expected 1 to {MOST_MARKER_CHANNELS}"
    if stream.rate_hz != 0:
        return f"its rate is {stream.rate_hz:g} Hz, expected an irregular one of markers"
    return bad_identity(stream)


def bad_identity(stream: Announcement) -> str | None:
    """What is wrong with the names and versions that an outlet gives itself."""
    for field in ("name", "type", "source_id", "hostname", "session_id"):
        length = len(getattr(stream, field))
        if length > LONGEST_TEXT:
            return f"its {field} has {length} characters, expected at most {LONGEST_TEXT}"
    if not _UID.fullmatch(stream.uid):
        return "its uid is not 1 to 64 letters, digits, or any of -_.:{}"
    if stream.protocol < OLDEST_PROTOCOL:
        return f"it speaks LSL's protocol {stream.protocol / 100:.2f}, expected {OLDEST_PROTOCOL / 100:.2f} or newer"
    return None
