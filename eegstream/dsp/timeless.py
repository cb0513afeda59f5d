"""Tell the user if a stream's samples get no times, because nothing of such a stream is encoded."""

from eegstream.dsp.decided import Break, Timed

_TOLD_AFTER_S = 1.0

_NOT_FINITE = "their timestamps are not finite (NaN or infinite), expected seconds of the sender's clock"
_NO_PACE = "their timestamps stand still or show no plausible rate, expected seconds that rise at the stream's rate"


class Timeless:
    """Count the samples since the last one with a time."""

    def __init__(self, rate_hz: float) -> None:
        self._fewest = _TOLD_AFTER_S * rate_hz
        self._count, self._why = 0, ""

    def note(self, item: Timed | Break) -> None:
        """Take the timeline's next result."""
        if isinstance(item, Timed):
            self._count = 0
        elif item.skipped:
            self._count += item.skipped
            self._why = _NOT_FINITE if item.kind == "nostamps" else _NO_PACE

    def finish(self) -> None:
        """No more samples come: tell also of a few."""
        self._fewest = 1.0

    @property
    def remark(self) -> str | None:
        """Why the newest samples are not encoded; None if they have times."""
        if self._count < self._fewest:
            return None
        return f"the last {self._count} samples are discarded: {self._why}; correct the sender's timestamps"
