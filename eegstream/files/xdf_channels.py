"""Read the channel descriptions of an XDF stream.

C channels.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from eegstream.dsp.montage import printable

_LABEL, _TYPE, _UNIT = ("label", "name"), ("type",), ("unit", "units")
_FACTOR = ("scalingfactor", "scaling_factor", "resolution")
"""Microvolts in a step of the amplifier."""
_STEPS = re.compile(r"u?int_?\d+|counts?|steps?|lsb|adc", re.IGNORECASE)
"""Units that mean raw numbers of the amplifier."""


@dataclass(frozen=True)
class DescribedChannels:
    """One entry per channel; "" if the stream states nothing."""

    labels: tuple[str, ...]
    types: tuple[str, ...]
    units: tuple[str, ...]
    """As stated; "0.1uV" for steps with a factor beside them."""
    remarks: tuple[str, ...]


def described_channels(info: Mapping[str, Any], n_channels: int) -> DescribedChannels:
    """The descriptions of C channels in `info`, as pyxdf gives it."""
    channels = _channels(info)[:n_channels]
    channels += [{}] * (n_channels - len(channels))
    units = [_first_of(channel, _UNIT) for channel in channels]
    factors = [_factor(channel) for channel in channels]
    stepped = [factor is not None and _STEPS.fullmatch(unit) for unit, factor in zip(units, factors, strict=True)]
    ignored = sum(
        factor is not None and factor != 1 and not steps for factor, steps in zip(factors, stepped, strict=True)
    )
    return DescribedChannels(
        labels=tuple(_first_of(channel, _LABEL) for channel in channels),
        types=tuple(_first_of(channel, _TYPE) for channel in channels),
        units=tuple(
            f"{factor:.10g}uV" if steps else unit for unit, factor, steps in zip(units, factors, stepped, strict=True)
        ),
        remarks=(f"{ignored} channels state a factor beside a unit that is not a step: it was not applied",)
        if ignored
        else (),
    )


def first_text(entry: Any, key: str) -> str:
    """The text of an XML element as pyxdf gives it: a list of one, or nothing."""
    try:
        return printable(str(entry[key][0] or ""))
    except (KeyError, IndexError, TypeError):
        return ""


def _channels(info: Mapping[str, Any]) -> list[Any]:
    try:
        return list(info["desc"][0]["channels"][0]["channel"])
    except (KeyError, IndexError, TypeError):
        return []


def _first_of(channel: Any, keys: tuple[str, ...]) -> str:
    """The first of these elements that holds text."""
    return next((text for key in keys if (text := first_text(channel, key))), "")


def _factor(channel: Any) -> float | None:
    """The stated factor; None if there is none, or if it is not a positive number."""
    try:
        factor = float(_first_of(channel, _FACTOR))
    except ValueError:
        return None
    return factor if np.isfinite(factor) and factor > 0 else None
