"""The notes in `spec`: where a stream is not taken as it states, or not as its bundle was trained."""

import math

from eegstream.codec.manifest import Manifest
from eegstream.errors import ConfigError
from eegstream.stream import SignalOptions


def rate_notes(rate_hz: float, nominal_hz: float, options: SignalOptions) -> list[str]:
    """What `spec` says if the rate is not the one that the stream states, or if the user gave it."""
    if rate_hz == nominal_hz:
        return [] if options.rate_hz is None else [f"rate {rate_hz:g} Hz as --rate says"]
    says = f"the stream states {nominal_hz:g} Hz" if nominal_hz else "the stream states no rate"
    if options.rate_hz is not None:
        return [f"rate {rate_hz:g} Hz as --rate says, {says}"]
    return [f"{says}, its timestamps show {rate_hz:g} Hz: taken as {rate_hz:g} Hz"]


def setting_notes(rate_hz: float, manifest: Manifest, options: SignalOptions) -> list[str]:
    """What `spec` says on the user's settings, and on a rate that the bundle was not trained for.

    Raises:
        ConfigError: a setting is out of range.
    """
    notes = []
    if options.notch_hz is not None:
        notes.append(f"notch at {options.notch_hz:g} Hz by option, the bundle has {manifest.frontend.notch_hz}")
    if not 0 <= options.fill_ms < math.inf:
        raise ConfigError(f"fill-ms is {options.fill_ms:g}, expected 0 or more", "Give milliseconds; 0 fills nothing")
    if options.fill_ms > 0:
        notes.append(f"gaps of at most {options.fill_ms:g} ms are filled by linear interpolation")
    low, high = manifest.rate_range_hz
    if not low <= rate_hz <= high:
        notes.append(f"{rate_hz:g} Hz is outside the {low:g} to {high:g} Hz that the bundle was trained for")
    return notes
