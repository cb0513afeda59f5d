"""The settings that a running daemon may read again."""

import logging
from collections.abc import Callable

from eegstream.config import RunConfig
from eegstream.errors import EegstreamError
from eegstream.logs import set_level
from eegstream.selection import Described
from eegstream.stream import SignalOptions

log = logging.getLogger(__name__)

REREAD = frozenset({"select", "markers", "stream", "channels", "drop", "unit", "rate", "notch", "fill_ms", "log_level"})
"""Settings that need no new start. Those that may change a code take effect with a stream's next epoch."""


class LiveSettings:
    """The settings in force. `read` gives them anew, from the file, the environment and the options."""

    def __init__(self, config: RunConfig, read: Callable[[], RunConfig]) -> None:
        self._config, self._read = config, read

    def wants(self, stream: Described) -> bool:
        """Whether a stream is selected."""
        return self._config.wants(stream)

    def marks(self, stream: Described) -> bool:
        """Whether a stream is selected as one of markers."""
        return self._config.marks(stream)

    @property
    def selection(self) -> str:
        """Which streams are taken, in the words of the settings."""
        return " or ".join(
            text or "any stream" for text in (self._config.select, *(s.match for s in self._config.stream))
        )

    def rate_of(self, stream: Described) -> float | None:
        """The rate that the user gives to a stream, in Hz."""
        return self._config.rate_of(stream)

    def signal_options(self, stream: Described) -> SignalOptions:
        """The settings that may change a stream's codes."""
        return self._config.signal_options(stream)

    def reread(self) -> None:
        """Read the settings again, and take those that can change; if they are wrong, all stay as they are."""
        try:
            new = self._read()
        except EegstreamError as error:
            log.error("the settings stay as they are: %s", error)  # noqa: TRY400 - the error says it all
            return
        changed = {name for name in RunConfig.model_fields if getattr(new, name) != getattr(self._config, name)}
        fixed = sorted(name.replace("_", "-") for name in changed - REREAD)
        if fixed:
            log.warning("changed, but taken only at the next start: %s", ", ".join(fixed))
        self._config = self._config.model_copy(update={name: getattr(new, name) for name in changed & REREAD})
        set_level(self._config.log_level)
        taken = sorted(name.replace("_", "-") for name in changed & REREAD)
        log.info("settings read again: %s", ", ".join(taken) or "nothing changed")
