"""How a record of the log becomes a line: text for people, JSON for programs, or as the journal of systemd takes it.

Names of streams come from the network: they must not forge lines, control a terminal, or fill the log.
"""

import logging
import math
import time
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

_LONGEST_MESSAGE, _LONGEST_FACT = 1000, 300
_LONGEST_TRACE = 200
"""Lines of a traceback."""
_PRIORITIES = {"critical": 2, "error": 3, "warning": 4, "info": 6, "debug": 7}
"""As in syslog(3)."""


def formatter(form: str) -> logging.Formatter:
    """For `form` text, json or journal."""
    last: dict[str, list[Any]] = {
        "text": [_text],
        "json": [structlog.processors.JSONRenderer()],
        "journal": [_journal],
    }
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.processors.format_exc_info],
        processors=[_told, *last[form]],
    )


def _told(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """The fields of a line, in order: time, level, kind, stream, message, facts."""
    record: logging.LogRecord = event["_record"]
    told: dict[str, Any] = {"time": _iso(record.created), "level": event["level"]}
    told["kind"] = _plain(getattr(record, "kind", None))
    told["stream"] = _plain(getattr(record, "stream", None))
    told["message"] = cut(escaped(event["event"]), _LONGEST_MESSAGE)
    told |= {name: _plain(value) for name, value in getattr(record, "facts", {}).items() if name not in told}
    if "exception" in event:
        told["exception"] = [cut(escaped(line), _LONGEST_MESSAGE) for line in event["exception"].splitlines()]
        del told["exception"][:-_LONGEST_TRACE]
    return {name: value for name, value in told.items() if value is not None}


def _text(_logger: WrappedLogger, _name: str, told: EventDict) -> str:
    """The time of this machine, the level and the message; what belongs to it is indented."""
    return _lines("", f"{told['time'].replace('T', ' ')[:23]} {told['level'].upper()} ", told)


def _journal(_logger: WrappedLogger, _name: str, told: EventDict) -> str:
    """The journal has its own time; it takes the priority from the start of each line, see sd-daemon(3)."""
    priority = f"<{_PRIORITIES.get(told['level'], 5)}>"
    return _lines(priority, priority, told)


def _lines(start: str, first: str, told: EventDict) -> str:
    return "\n".join([first + told["message"], *(f"{start}  {line}" for line in told.get("exception", ()))])


def _iso(seconds: float) -> str:
    """ISO 8601 in the time zone of this machine, to the millisecond."""
    whole = math.floor(seconds)
    zone = time.strftime("%z", time.localtime(whole))
    milliseconds = math.floor((seconds - whole) * 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.localtime(whole))}.{milliseconds:03}{zone[:3]}:{zone[3:5]}"


def escaped(text: str) -> str:
    """The text on one line: control characters become escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def cut(text: str, longest: int) -> str:
    """The text's start, and how much is left out."""
    return text if len(text) <= longest else f"{text[:longest]}... ({len(text) - longest} more characters)"


def _plain(value: object) -> str | float | bool | None:
    """What a line may hold: a short text or a number; never what is in an array."""
    if isinstance(value, str):
        return cut(escaped(value), _LONGEST_FACT)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return type(value).__name__
