"""How many lines of one kind are written: some of each stream, some of all streams, and the count of the others."""

import logging
import math
from dataclasses import dataclass

_PERIOD_S = 60.0
_OF_A_STREAM, _OF_A_KIND = 10, 30
"""Most lines in a period."""
_MOST_KEYS = 1000
"""Streams that are counted apart, at a time; those beyond count together."""

Key = tuple[str, str | None]


def kind_and_stream(record: logging.LogRecord) -> Key:
    """What a record is about; without `about`, its text before anything was filled in is its kind."""
    kind = getattr(record, "kind", None)
    return (kind, getattr(record, "stream", None)) if kind is not None else (f"{record.name} {record.msg}", None)


@dataclass
class _Window:
    since_s: float
    told: int = 0
    held: int = 0
    last: logging.LogRecord | None = None
    """The last record that was held back."""


class Storms:
    """Decides which records are written."""

    def __init__(self) -> None:
        self._windows: dict[Key, _Window] = {}
        self._due_s = math.inf
        """When the oldest window is over."""

    def admits(self, record: logging.LogRecord, now_s: float) -> bool:
        """Whether to write it; if not, it is counted."""
        kind, stream = kind_and_stream(record)
        window = self._window((kind, stream), now_s)
        if window.told >= _OF_A_STREAM:
            return _hold(window, record)
        if stream is not None:
            of_kind = self._window((kind, None), now_s)
            if of_kind.told >= _OF_A_KIND:
                return _hold(of_kind, record)
            of_kind.told += 1
        window.told += 1
        return True

    def over(self, now_s: float) -> list[tuple[logging.LogRecord, int, float]]:
        """For each period that is over: the last record held back in it, how many there were, and its length.

        With an infinite `now_s` every period is over.
        """
        if now_s < self._due_s:
            return []
        found = []
        for key, window in list(self._windows.items()):
            if now_s - window.since_s >= _PERIOD_S:
                del self._windows[key]
                if window.last is not None:
                    found.append((window.last, window.held, _PERIOD_S))
        self._due_s = min((w.since_s + _PERIOD_S for w in self._windows.values()), default=math.inf)
        return found

    def _window(self, key: Key, now_s: float) -> _Window:
        if key not in self._windows and len(self._windows) >= _MOST_KEYS:
            key = (key[0] if (key[0], None) in self._windows else "others", None)
        self._due_s = min(self._due_s, now_s + _PERIOD_S)
        return self._windows.setdefault(key, _Window(now_s))


def _hold(window: _Window, record: logging.LogRecord) -> bool:
    window.held += 1
    window.last = record
    return False
