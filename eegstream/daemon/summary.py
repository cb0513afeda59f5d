"""The line of each minute: what the daemon did in it, or what it waits for."""

import logging
from collections.abc import Callable

from eegstream.daemon.figures import Figures
from eegstream.logs import about, tell_held_back

log = logging.getLogger(__name__)

_PERIOD_S = 60.0


class Summary:
    """Tells, by the clock in seconds, how it goes; `in_sight` gives the number of selected streams that are announced.

    `selection` gives in words what is waited for while there is none.
    """

    def __init__(self, figures: Figures, in_sight: Callable[[], int], selection: Callable[[], str]) -> None:
        self._figures, self._in_sight, self._selection = figures, in_sight, selection
        self._since_s: float | None = None
        self._encoded = self._dropped = 0

    def tell(self, now_s: float) -> None:
        """Log what is due; called often."""
        tell_held_back(at_end=False)
        if self._since_s is None:
            self._since_s = now_s
            self._tell_waiting()
        elif now_s - self._since_s >= _PERIOD_S:
            if not self._tell_minute(now_s - self._since_s):
                self._tell_waiting()
            self._since_s = now_s

    @staticmethod
    def close() -> None:
        """Say how many lines were held back in the minute that did not end."""
        tell_held_back(at_end=True)

    def _tell_waiting(self) -> None:
        if not self._in_sight():
            selection = self._selection()
            log.info("waiting for %s", selection, extra=about("waiting", selection=selection))

    def _tell_minute(self, lasted_s: float) -> bool:
        """Log what was done; False if that is nothing."""
        figures, lags = self._figures, self._figures.take_lags()
        encoded, dropped = figures.encoded - self._encoded, figures.dropped - self._dropped
        self._encoded, self._dropped = figures.encoded, figures.dropped
        counts = dict(figures.statuses)
        streams = counts.get("live", 0) + counts.get("stalled", 0)
        if not (streams or encoded or dropped):
            return False
        per_min = round(encoded * 60 / lasted_s)
        parts = [_number(streams, "stream"), *(f"{counts[s]} {s}" for s in ("stalled", "refused") if counts.get(s))]
        parts += [_number(figures.channels, "channel"), f"{_grouped(per_min)} patches/min"]
        if lags.median_s is not None and lags.worst_s is not None:
            parts.append(f"lag median {_milliseconds(lags.median_s)} ms, worst {_milliseconds(lags.worst_s)} ms")
        parts.append(f"{_number(dropped, 'sample')} dropped")
        facts = about(
            "summary",
            streams=streams,
            stalled=counts.get("stalled", 0),
            refused=counts.get("refused", 0),
            channels=figures.channels,
            patches_per_min=per_min,
            lag_median_s=lags.median_s,
            lag_worst_s=lags.worst_s,
            dropped=dropped,
        )
        log.info("%s", ", ".join(parts), extra=facts)
        return True


def _milliseconds(seconds: float) -> str:
    return _grouped(round(seconds * 1000))


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def _number(count: int, of: str) -> str:
    return f"{_grouped(count)} {of}{'' if count == 1 else 's'}"
