"""Report the service's state to systemd, by the datagrams of sd_notify(3)."""

import logging
import os
import socket
from collections.abc import Mapping

log = logging.getLogger(__name__)


def notify(*lines: str) -> None:
    """Send assignments such as `READY=1`; does nothing if systemd does not listen."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address or not hasattr(socket, "AF_UNIX"):
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto("\n".join(lines).encode(), address)
    except (OSError, ValueError) as error:
        log.warning("systemd is not told %s: NOTIFY_SOCKET %r cannot be used (%s)", lines[0], address, error)


class Watchdog:
    """Tell systemd that the service is alive, as often as it wants to hear it; sd_watchdog_enabled(3).

    `interval_s` is None if it does not want to.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.interval_s = _interval_s(environment)
        self._next_s = float("-inf")

    def ping(self, now_s: float) -> None:
        """Send a sign of life if half of the interval is over."""
        if self.interval_s is not None and now_s >= self._next_s:
            notify("WATCHDOG=1")
            self._next_s = now_s + self.interval_s / 2


def _interval_s(environment: Mapping[str, str]) -> float | None:
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    text = environment.get("WATCHDOG_USEC", "")
    return int(text) / 1e6 if text.isascii() and text.isdigit() and int(text) else None
