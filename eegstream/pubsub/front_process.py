"""The publishing process: what subscribers do to it, they do not do to the daemon.

It reads records from standard input and reports on standard output, one JSON object per line. It ends with the daemon.
"""

import json
import os
import select
import signal
import time
from pathlib import Path

from eegstream.errors import EegstreamError
from eegstream.pubsub import records
from eegstream.pubsub.front import Front, FrontSettings
from eegstream.pubsub.records import Record, Unpacker
from eegstream.pubsub.sockets import BindError

_MOST_MORE_BYTES = 128 * 1024 * 1024
"""Memory that it may take beyond what it has at its start. More ends it, and the daemon lets another one take over."""
_INPUT = 0
_READ_BYTES = 1024 * 1024
_IDLE_MS = 50
REPORT_S = 0.5
"""Between two reports; a process that sends none does not move."""
_BIND_AGAIN_S = 2.0


def main() -> None:
    """Wait for the order to start, then publish until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    pipe = _Pipe()
    waiting = pipe.read()
    while waiting == []:
        waiting = pipe.read()
    if not waiting:
        return
    order = json.loads(waiting[0].payload)
    settings = FrontSettings(**order["settings"])
    try:
        front = _opened(settings, again=order["again"])
    except EegstreamError as error:
        kind = "in use" if isinstance(error, BindError) else "configuration"
        _say({"error": kind, "message": error.message, "remedy": error.remedy})
        return
    _limit_memory(_MOST_MORE_BYTES + 2 * settings.replay_bytes)
    with front:
        _say({"url": front.url, "control": front.control_url})
        _serve(front, pipe, waiting[1:])


class _Pipe:
    """The records of standard input."""

    def __init__(self) -> None:
        self._unpacker = Unpacker()

    def read(self) -> list[Record] | None:
        """Wait for bytes; return the records that they complete, or None at the end."""
        data = os.read(_INPUT, _READ_BYTES)
        return list(self._unpacker.feed(data)) if data else None


def _serve(front: Front, pipe: _Pipe, arrived: list[Record] | None) -> None:
    poller = select.poll()
    for descriptor in (_INPUT, *front.descriptors):
        poller.register(descriptor, select.POLLIN)
    report_s = 0.0
    while True:
        if arrived is None:
            os._exit(1)  # the daemon is gone: its address must be free at once
        for record in arrived:
            if record.kind == records.END:
                return
            front.handle(record)
        # libzmq's descriptors tell of what is new, once: they are waited for only when nothing is left.
        left = front.step()
        now_s = time.monotonic()
        if now_s - report_s > REPORT_S:
            report_s = now_s
            _say({"report": front.report.as_plain()})
        ready = poller.poll(0 if left else _IDLE_MS)
        arrived = pipe.read() if any(descriptor == _INPUT for descriptor, _ in ready) else []


def _opened(settings: FrontSettings, *, again: bool) -> Front:
    """The front; the address of a process that has just ended may need a moment."""
    deadline_s = time.monotonic() + _BIND_AGAIN_S
    while True:
        try:
            return Front(settings)
        except BindError:
            if not again or time.monotonic() > deadline_s:
                raise
            time.sleep(0.02)


def _limit_memory(more_bytes: int) -> None:
    """Let this process end, rather than the machine fill up."""
    try:
        import resource  # noqa: PLC0415 - only POSIX has it
    except ImportError:
        return
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        used = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData"))
        resource.setrlimit(resource.RLIMIT_DATA, (used + more_bytes, resource.RLIM_INFINITY))
    except (OSError, StopIteration, ValueError):
        return  # another system than Linux


def _say(content: dict[str, object]) -> None:
    try:
        os.write(1, json.dumps(content).encode() + b"\n")
    except OSError:
        os._exit(1)
