"""Decide whether a stream is taken: `run` uses this decision, and `streams` shows it."""

from typing import Protocol

from eegstream.dsp.rates import HIGHEST_RATE_HZ, LOWEST_RATE_HZ
from eegstream.lsl.discovery import LONGEST_NAME, MOST_CHANNELS, NUMERIC_FORMATS, Announcement
from eegstream.selection import Described


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
    if len(stream.name) > LONGEST_NAME:
        return f"its name has {len(stream.name)} characters, expected at most {LONGEST_NAME}"
    return None
