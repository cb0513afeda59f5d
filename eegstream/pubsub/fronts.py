"""Where the sockets are: in a process of their own on POSIX systems, in this one elsewhere."""

import json
import logging
import time
from dataclasses import asdict, replace
from typing import Any, Protocol

from eegstream.errors import ConfigError
from eegstream.pubsub import records
from eegstream.pubsub.front import Front, FrontSettings, Report
from eegstream.pubsub.records import Record
from eegstream.pubsub.ring import Ring
from eegstream.pubsub.sockets import BindError

log = logging.getLogger(__name__)

_START_S = 30.0
_BETWEEN_RESTARTS_S = 0.5


class Outlet(Protocol):
    """Takes records, and serves subscribers."""

    url: str
    control_url: str | None
    report: Report
    restarts: int

    def send(self, record: Record) -> None:
        """Have a record done."""

    def tend(self) -> None:
        """Do what is due; called often."""

    def close(self) -> None:
        """Send what is under way, and end."""


class LocalFront:
    """The sockets in this process."""

    def __init__(self, settings: FrontSettings) -> None:
        self._front = Front(settings)
        self.url, self.control_url = self._front.url, self._front.control_url
        self.restarts = 0

    @property
    def report(self) -> Report:
        """What subscribers did so far."""
        return self._front.report

    @report.setter
    def report(self, _: Report) -> None:
        raise AttributeError("it is the front's")

    def send(self, record: Record) -> None:
        """Do it at once."""
        self._front.handle(record)

    def tend(self) -> None:
        """Serve those who came."""
        self._front.step()

    def close(self) -> None:
        """Close the sockets; messages have a second to leave."""
        self._front.__exit__(None, None, None)


class ChildFront:
    """The sockets in a process of their own, and a second process that takes over if the first one ends.

    What is kept for replays is kept here, too, so that the second process knows it.
    """

    def __init__(self, settings: FrontSettings) -> None:
        from eegstream.pubsub.child import Child  # noqa: PLC0415 - POSIX only

        self._new_child = Child
        self._specs: dict[bytes, Record] = {}
        self._ring = Ring(settings.replay_bytes)
        self.report, self.restarts = Report(), 0
        self._before = Report()
        self._restarted_s = float("-inf")
        self._child = Child()
        try:
            self._start(settings, again=False)
            bound = self._wait_until_bound()
        except BaseException:
            self._child.kill()
            raise
        self.url: str = bound["url"]
        self.control_url: str | None = bound["control"]
        self._settings = replace(settings, url=self.url, control=self.control_url)
        self._standby = Child()

    @property
    def pid(self) -> int:
        """The process that publishes."""
        return self._child.pid

    def send(self, record: Record) -> None:
        """Hand a record to the process, without waiting."""
        if record.kind == records.SPEC:
            self._specs[record.stream] = record
        elif record.kind == records.FORGET:
            self._specs.pop(record.topic, None)
        if record.kind in (records.SPEC, records.PUBLISH):
            self._ring.add(record, time.monotonic())
        self._child.write(record.to_bytes())

    def tend(self) -> None:
        """Send what waits, read reports, and replace a process that has ended."""
        self._child.flush()
        for said in self._child.said():
            self._note(said)
        if (trouble := self._child.trouble) is not None:
            self._replace(trouble)

    def close(self) -> None:
        """Have the process send what is under way and end."""
        self._standby.kill()
        self._child.write(Record(records.END).to_bytes())
        self._child.end()

    def _note(self, said: dict[str, Any]) -> None:
        if "report" in said:
            now, before = Report(**said["report"]), self._before
            self.report = replace(
                now,
                refused=now.refused + before.refused,
                failed_handshakes=now.failed_handshakes + before.failed_handshakes,
                denied=now.denied + before.denied,
            )
        elif "error" in said:
            log.warning("publishing: %s", said["message"])

    def _replace(self, trouble: str) -> None:
        now_s = time.monotonic()
        if now_s - self._restarted_s < _BETWEEN_RESTARTS_S:
            return
        self._restarted_s = now_s
        log.warning("the publishing process %s; another one takes over, subscribers connect again", trouble)
        self._child.kill()
        self.restarts += 1
        self._before = self.report
        self._child = self._standby
        self._start(self._settings, again=True)
        for record in self._ring.records():
            self._child.write(replace(record, kind=records.KEEP).to_bytes())
        for spec in self._specs.values():
            self._child.write(replace(spec, kind=records.OPEN).to_bytes())
        self._standby = self._new_child()

    def _start(self, settings: FrontSettings, *, again: bool) -> None:
        order = json.dumps({"settings": asdict(settings), "again": again})
        self._child.write(Record(records.START, payload=order.encode()).to_bytes())

    def _wait_until_bound(self) -> dict[str, Any]:
        deadline_s = time.monotonic() + _START_S
        while time.monotonic() < deadline_s:
            for said in self._child.said():
                if "url" in said:
                    return said
                kind = BindError if said["error"] == "in use" else ConfigError
                raise kind(said["message"], said["remedy"])
            if (trouble := self._child.trouble) is not None:
                raise BindError(f"the publishing process {trouble} at its start")
            time.sleep(0.002)
        raise BindError(f"the publishing process did not start within {_START_S:g} s")


def open_front(settings: FrontSettings) -> Outlet:
    """The front in a process of its own where the system allows it, else in this one.

    Raises:
        BindError: an address is in use.
        ConfigError: an address cannot be bound, or the keys cannot be read.
    """
    try:
        import fcntl  # noqa: PLC0415, F401 - only POSIX has it
    except ImportError:
        return LocalFront(settings)
    return ChildFront(settings)
