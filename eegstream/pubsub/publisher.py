"""The daemon's side of publishing: messages out, specs again for those who come later."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eegstream.errors import ConfigError
from eegstream.keys import allowed, default_folder, own_pair
from eegstream.pubsub import records
from eegstream.pubsub.exclusive import exclusive, remove_socket_files
from eegstream.pubsub.front import FrontSettings, Report
from eegstream.pubsub.fronts import Outlet, open_front
from eegstream.pubsub.records import Record
from eegstream.pubsub.sockets import BindError
from eegstream.wire.addresses import is_local
from eegstream.wire.identity import DAEMON, DEFAULT_URL
from eegstream.wire.messages import Message, Spec, State

__all__ = ["BindError", "Publisher", "open_publisher"]

log = logging.getLogger(__name__)

REPLAY_MB = 16
_COMPLAIN_S = 10.0
_TELL_S = 60.0


class Publisher:
    """Publishes, and serves subscribers; never used by two threads at a time, and never waits for a subscriber."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._told = Report()
        self._told_s = self._happened_s = float("-inf")
        self._what = ""
        self.url = outlet.url
        """Where subscribers connect to, with the port that was bound."""
        self.control_url = outlet.control_url
        """Where replays are asked for."""

    @property
    def refused(self) -> int:
        """Number of connections closed for asking too much, or refused for their keys."""
        return self._outlet.report.refused + self._outlet.report.denied

    @property
    def restarts(self) -> int:
        """How often another publishing process took over."""
        return self._outlet.restarts

    def publish(self, message: Message) -> None:
        """Send a message to whoever listens."""
        if isinstance(message, State):
            if message.stream == DAEMON and (why := self._trouble()) is not None:
                message = message.model_copy(update={"why": why})
            self._outlet.send(Record(records.PUBLISH, message.topic.encode(), message.to_payload()))
            return
        kind = records.SPEC if isinstance(message, Spec) else records.PUBLISH
        self._outlet.send(Record(kind, message.topic.encode(), message.to_payload(), message.seq, message.run.encode()))

    def forget(self, stream: str) -> None:
        """Repeat the stream's spec no more; its epoch is over."""
        self._outlet.send(Record(records.FORGET, stream.encode()))

    def repeat_specs(self) -> None:
        """Send the specs of the open epochs again."""
        self._outlet.send(Record(records.REPEAT))

    def welcome_newcomers(self) -> None:
        """Do what is due for subscribers, and log what they did wrong, once in ten seconds at most."""
        self._outlet.tend()
        report, now_s = self._outlet.report, time.monotonic()
        if report == self._told or now_s - self._told_s < _COMPLAIN_S:
            return
        self._what = _difference(report, self._told)
        self._told, self._told_s = report, now_s
        log.warning("%s", self._what)

    def _trouble(self) -> str | None:
        return self._what if time.monotonic() - self._told_s < _TELL_S else None


@contextmanager
def open_publisher(
    url: str, keys: Path | str | None = None, control: str | None = None, replay_mb: int = REPLAY_MB
) -> Iterator[Publisher]:
    """Bind `url` and close it again, giving what is under way a second to leave.

    Raises:
        BindError: somebody else publishes there.
        ConfigError: no address that can be bound, or one that other machines can reach, without keys.
    """
    folder = usable_keys(url, None if keys is None else Path(keys), control)
    settings = FrontSettings(url, control, None if folder is None else str(folder), replay_mb * 1024 * 1024)
    with exclusive(url):
        outlet = open_front(settings)
        try:
            yield Publisher(outlet)
        finally:
            outlet.close()
            remove_socket_files(url, [outlet.url, outlet.control_url])


def usable_keys(url: str, keys: Path | None, control: str | None = None) -> Path | None:
    """The folder of keys to use; None where an address of this machine is bound without keys.

    Raises:
        ConfigError: keys are needed, and lack a key pair of the server or a client that is allowed.
    """
    if not url.startswith(("tcp://", "ipc://")):
        raise ConfigError(f"{url!r} is no address to bind", f"Give one such as {DEFAULT_URL}")
    local = is_local(url) and (control is None or is_local(control))
    if keys is None and local:
        return None
    folder = keys or default_folder()
    try:
        own_pair(folder, "server")
    except ConfigError as error:
        reason = "" if local else f"{url} can be reached from other machines, so it needs keys; "
        raise ConfigError(f"{reason}{error.message}", error.remedy) from None
    if not allowed(folder):
        raise ConfigError(
            f"{folder} allows no client, so nobody could subscribe to {url}",
            f"Allow one with: eegstream keys allow NAME PUBLIC-KEY --keys {folder}",
        )
    return folder


def _difference(now: Report, before: Report) -> str:
    parts = []
    if count := now.refused - before.refused:
        parts.append(f"{count} connections closed ({now.why})")
    if count := now.denied - before.denied:
        parts.append(f"{count} subscribers refused (public key {now.last_denied})")
    if count := now.failed_handshakes - before.failed_handshakes:
        parts.append(f"{count} failed handshakes")
    return "subscribers: " + ", ".join(parts or ["nothing new"])
