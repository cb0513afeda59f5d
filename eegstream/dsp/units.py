"""Units of channels: which are voltages, which are not, and which the user sets."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from eegstream.dsp.patterns import matching
from eegstream.errors import ConfigError

UnitKind = Literal["voltage", "raw", "other", "unknown"]
"""A known voltage | no unit, or one of raw numbers | a known unit of another quantity | an unknown text."""

KNOWN_UNITS = "V, mV, uV, nV (or volts, millivolts, microvolts, nanovolts), with a number before them or not (0.1uV)"

_MICROVOLTS_PER_PREFIX = {"": 1e6, "m": 1e3, "u": 1.0, "n": 1e-3}
_LONG_PREFIXES = {"": "", "m": "milli", "u": "micro", "n": "nano"}
_MICROVOLTS_PER_EXPONENT = {"0": 1e6, "-3": 1e3, "-6": 1.0, "-9": 1e-3}
_MICRO_SIGNS = str.maketrans("\u00b5\u03bc", "uu")
_FACTOR = re.compile(r"(\d+(?:\.\d*)?(?:e[+-]?\d+)?)\s*[*x]?\s*([a-z]+)")


def _voltages() -> dict[str, float]:
    """Factor to µV of every known voltage, in lower case and with "u" for both micro signs."""
    table = dict(_MICROVOLTS_PER_EXPONENT)
    for short, scale in _MICROVOLTS_PER_PREFIX.items():
        long = _LONG_PREFIXES[short]
        for name in (f"{short}v", f"{short}volt", f"{short}volts", f"{long}v", f"{long}volt", f"{long}volts"):
            table[name] = scale
    return table


VOLTAGES: Mapping[str, float] = _voltages()
"""µV in one unit, by its name."""

_RAW = """
n/a na none null nan - -- ? unknown undefined unitless dimensionless 1 count counts adc adu lsb bit bits raw a.u. au
arb arb. arbitrary digital steps int_16 int16 int_32 int32 float32 ieee_float_32
"""
RAW_UNITS = frozenset({"", *_RAW.split()})
"""Texts, in lower case, that senders write instead of a unit: the size of one step is unknown."""

_OTHER = {
    "time": "s sec secs second seconds ms millisecond milliseconds us ns min minutes h",
    "temperature": "c °c degc celsius f °f k kelvin",
    "acceleration": "g mg m/s^2 m/s2 m/s² m*s^-2",
    "angle": "deg/s °/s dps rad/s deg ° degree degrees rad radians",
    "pressure": "mmhg pa hpa kpa cmh2o mbar bar psi n/m^2",
    "share": "% percent",
    "frequency": "hz khz bpm 1/min /min rpm beats/min",
    "resistance": "ohm ohms kohm kohms mohm ω kω mω",
    "conductance": "siemens usiemens us/cm microsiemens",
    "magnetic field": "t ft pt nt ut tesla t/m ft/cm gauss ga",
    "light": "lux lx cd",
    "flow and volume": "l/s l/min ml",
    "length": "m cm mm px",
    "current": "a ma ua na na/m",
    "power": "db v^2/hz uv^2/hz uv^2",
    "flags": "boolean bool on/off code",
}
OTHER_UNITS: Mapping[str, str] = {unit: quantity for quantity, units in _OTHER.items() for unit in units.split()}
"""Units that are not voltages, in lower case, and what they measure."""


def _plain(unit: str) -> str:
    return " ".join(unit.lower().translate(_MICRO_SIGNS).split())


def unit_scale(unit: str) -> float | None:
    """Microvolts in one `unit`, or None if it is missing or not a known voltage. "0.1uV" is also a unit."""
    plain = _plain(unit)
    if plain in VOLTAGES:
        return VOLTAGES[plain]
    parts = _FACTOR.fullmatch(plain)
    if parts is None or parts[2] not in VOLTAGES:
        return None
    factor = float(parts[1])
    return factor * VOLTAGES[parts[2]] if 0 < factor < float("inf") else None


def unit_kind(unit: str) -> UnitKind:
    """The kind of a stated unit."""
    if unit_scale(unit) is not None:
        return "voltage"
    plain = _plain(unit)
    if plain in RAW_UNITS:
        return "raw"
    return "other" if plain in OTHER_UNITS else "unknown"


@dataclass(frozen=True)
class UnitRule:
    """A unit that the user sets for the channels that match a pattern."""

    pattern: str
    """As in `--channels`; "*" for all."""
    unit: str
    scale: float
    """Microvolts in one unit."""
    forced: bool
    """Whether it overrides the unit that the source states."""


def unit_rules(option: str | None) -> tuple[UnitRule, ...]:
    """Read `--unit`: units with or without PATTERN= before them, separated by commas; "!" overrides stated units.

    Raises:
        ConfigError: a unit is not known.
    """
    rules = []
    for part in filter(None, (part.strip() for part in (option or "").split(","))):
        pattern, equals, unit = part.rpartition("=")
        text = unit.strip().removesuffix("!").strip()
        scale = unit_scale(text)
        if scale is None or (equals and not pattern.strip()):
            raise ConfigError(
                f"unit {part!r} is not known; known are {KNOWN_UNITS}",
                remedy="Give one of them to --unit, as U or PATTERN=U, with ! to override what the source states",
            )
        rules.append(UnitRule(pattern.strip() or "*", text, scale, unit.strip().endswith("!")))
    return tuple(sorted(rules, key=lambda rule: rule.pattern == "*"))


def rule_of_each(rules: Sequence[UnitRule], labels: Sequence[str]) -> list[UnitRule | None]:
    """The first rule (C,) that matches each label (C,), or None; rules for all channels come last."""
    found: list[UnitRule | None] = [None] * len(labels)
    for rule in reversed(rules):
        for index in matching(rule.pattern, labels):
            found[index] = rule
    return found
