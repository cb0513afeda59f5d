"""Determine the rate of a text file from the user's option, the stated rate and the timestamps."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegstream.errors import RecordingError
from eegstream.files.rates import measured_rate_hz, snapped_rate_hz
from eegstream.files.signals import overridden_rate

SLOWEST_HZ = 20.0
"""Slower samples are not EEG but band powers, or every n-th sample."""
_FASTEST_HZ = 1e5
_SAME_WITHIN = 0.005
_DEVIATES = 0.02

_NUMBER = r"(?P<rate>\d+(?:[.,]\d+)?)"
_IN_HZ = r"(?:[ _]*[\[(]?(?:hz|sps)[\])]?)?"
_STATEMENTS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"sampling[ _]?rate\s*[:=]\s*(?:[a-z]+_[\d.]+hz;|[a-z]+_[\d.]+;)*eeg_{_NUMBER}",
        rf"\bsampl(?:es?|ing)?[ _-]*(?:rate|freq(?:uency)?){_IN_HZ}\W{{0,6}}{_NUMBER}\s*(?P<kilo>k)?",
        rf"\bsampling\s*[:=]\s*{_NUMBER}\s*(?P<kilo>k)?",
        rf"\b(?:fs|srate|sfreq|sps){_IN_HZ}\W{{1,6}}{_NUMBER}\s*(?P<kilo>k)?",
        rf"\brate\s*[:=]\s*{_NUMBER}\s*(?P<kilo>k)?hz",
    )
)
_RATE_COLUMN = re.compile(r"sampl(?:e|ing)[ _]?(?:rate|freq(?:uency)?)(?:[ _]?\(?hz\)?)?|fs|srate|sfreq", re.IGNORECASE)
_RATE_IN_NAME = re.compile(rf"time\s*:\s*{_NUMBER}\s*Hz", re.IGNORECASE)


@dataclass(frozen=True)
class Rate:
    """The rate, and remarks on it."""

    hz: float
    remarks: tuple[str, ...] = ()


def stated_rates_hz(about: Sequence[str], header: Sequence[str]) -> list[float]:
    """Rates that the lines above a table, or its first column name ("Time:512Hz"), state, without repetitions."""
    named = [found for found in map(_RATE_IN_NAME.fullmatch, header) if found]
    if named:
        return [float(named[0]["rate"])]
    for statement in _STATEMENTS:
        found = [each for line in about for each in statement.finditer(line)]
        kilo = [1000.0 if "kilo" in each.groupdict() and each["kilo"] else 1.0 for each in found]
        rates = [float(each["rate"].replace(",", ".")) * more for each, more in zip(found, kilo, strict=True)]
        if any(rates):
            return list(dict.fromkeys(rate for rate in rates if rate > 0))
    return []


def rate_in_column_hz(header: Sequence[str], numbers: NDArray[np.float64]) -> float | None:
    """The number in a column called "Sampling Rate", in its first row or in all rows."""
    for column, name in enumerate(header):
        values = numbers[np.isfinite(numbers[:, column]), column]
        if _RATE_COLUMN.fullmatch(name) and values.size and values[0] > 0 and np.all(values == values[0]):
            return float(values[0])
    return None


def settled_rate(
    user_hz: float | None,
    stated_hz: Sequence[float],
    times_s: NDArray[np.float64] | None,
    only_hz: float | None,
    device: str,
    name: str,
) -> Rate:
    """The user's rate, else the stated one, else that of the timestamps (T,), else the device's only rate."""
    measured_hz = None if times_s is None else measured_rate_hz(times_s)
    snapped_hz = None if measured_hz is None else snapped_rate_hz(measured_hz)
    if user_hz is not None:
        others = stated_hz or [only_hz for only_hz in [only_hz] if only_hz is not None and times_s is None]
        return Rate(user_hz, tuple(_overridden(user_hz, others, snapped_hz, "the file" if stated_hz else device)))
    if len(stated_hz) > 1 and measured_hz is not None:
        stated_hz = [rate for rate in stated_hz if abs(rate - measured_hz) <= _DEVIATES * rate][:1] or stated_hz
    if len(stated_hz) > 1:
        rates = " and ".join(f"{rate:g}" for rate in stated_hz)
        raise RecordingError(f"{name} states several rates ({rates} Hz)", remedy="Give that of the EEG with --rate")
    if stated_hz:
        return Rate(stated_hz[0])
    if snapped_hz is not None:
        if snapped_hz < SLOWEST_HZ:
            raise RecordingError(
                f"{name} has {snapped_hz:.3g} lines a second, too few for samples of EEG",
                remedy="Export every sample of the raw signal; if the timestamps are wrong, give the rate with --rate",
            )
        if snapped_hz > _FASTEST_HZ:
            raise RecordingError(
                f"{name} has timestamps that show {snapped_hz:.3g} Hz, which is not a rate of EEG",
                remedy="Give the rate with --rate",
            )
        return Rate(snapped_hz)
    if only_hz is not None:
        return Rate(only_hz, (f"the rate is taken as {only_hz:g} Hz, the only one of {device}",))
    raise RecordingError(f"{name} has no usable timestamps", remedy="Give the rate with --rate")


def _overridden(user_hz: float, stated_hz: Sequence[float], measured_hz: float | None, whose: str) -> list[str]:
    """Remarks on other rates than the user's: the stated ones, and a slightly different one of the timestamps.

    `timestamp_remarks` reports a large difference to the timestamps.
    """
    remarks = [
        overridden_rate(user_hz, f"{whose} states {rate:g} Hz")
        for rate in stated_hz
        if abs(rate - user_hz) > 1e-6 * user_hz
    ]
    if measured_hz is not None and _SAME_WITHIN < abs(measured_hz - user_hz) / user_hz <= _DEVIATES:
        remarks.append(overridden_rate(user_hz, f"the timestamps show {measured_hz:g} Hz"))
    return remarks
