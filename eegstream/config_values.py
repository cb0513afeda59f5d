"""The kinds of values that settings have: what is accepted, and how the error says it."""

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from eegstream.dsp.rates import HIGHEST_RATE_HZ, LOWEST_RATE_HZ
from eegstream.dsp.units import unit_rules
from eegstream.errors import ConfigError
from eegstream.selection import Selection
from eegstream.wire.addresses import loopback

_LONGEST_PATTERN = 1000


def _patterns(value: object) -> object:
    """Accept a list of patterns, or one text with commas between them."""
    return value.split(",") if isinstance(value, str) else value


def _device(name: str) -> str:
    if not re.fullmatch("auto|cpu|cuda(:[0-9]{1,4})?", name):
        raise ValueError("expected auto, cpu, cuda or cuda:N")
    return name


def _short(patterns: tuple[str, ...]) -> tuple[str, ...]:
    if any(len(pattern) > _LONGEST_PATTERN for pattern in patterns):
        raise ValueError(f"expected patterns of at most {_LONGEST_PATTERN} characters")
    return patterns


def _number(value: object) -> object:
    """Refuse true and false, which pydantic takes for 1 and 0."""
    if isinstance(value, bool):
        raise ValueError("expected a number")  # noqa: TRY004 - pydantic reads ValueErrors
    return value


def _known_units(unit: str | None) -> str | None:
    try:
        unit_rules(unit)
    except ConfigError as error:
        raise ValueError(str(error)) from None
    return unit


def _is_selection(text: str) -> str:
    try:
        Selection.parse(text)
    except ConfigError as error:
        raise ValueError(str(error)) from None
    return text


def _address(url: str) -> str:
    tcp = re.fullmatch(r"tcp://.+:(\*|[0-9]{1,5})", url)
    if not url.isprintable() or (tcp is None and not re.fullmatch("ipc://.+", url)):
        raise ValueError("expected tcp://ADDRESS:PORT or ipc://PATH")
    if tcp is not None and tcp[1] != "*" and int(tcp[1]) > 65535:
        raise ValueError("expected a port up to 65535")
    return url


def _loopback(address: str) -> str:
    loopback(address)
    return address


Patterns = Annotated[tuple[str, ...], BeforeValidator(_patterns), AfterValidator(_short)]
Units = Annotated[str | None, AfterValidator(_known_units)]
RateHz = Annotated[float, Field(ge=LOWEST_RATE_HZ, le=HIGHEST_RATE_HZ), BeforeValidator(_number)]
Fields = Annotated[str, AfterValidator(_is_selection)]
Number = BeforeValidator(_number)
Device = Annotated[str, AfterValidator(_device)]
Address = Annotated[str, AfterValidator(_address)]
Loopback = Annotated[str, AfterValidator(_loopback)]
