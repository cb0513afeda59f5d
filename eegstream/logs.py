"""The log on stderr."""

import logging
import sys

_FORMAT = "%(asctime)s %(levelname)s %(message)s"


def log_to_stderr(level: str = "info") -> None:
    """Write the package's log to stderr, one line per record."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine(_FORMAT))
    logger = logging.getLogger("eegstream")
    logger.handlers = [handler]
    logger.propagate = False
    set_level(level)


def set_level(level: str) -> None:
    """Leave out records below `level`: debug, info, warning or error."""
    logging.getLogger("eegstream").setLevel(level.upper())


class _OneLine(logging.Formatter):
    """Escapes control characters: names of streams come from the network and must not forge lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        text = super().formatMessage(record)
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
