"""Who is at the daemon's addresses.

The mechanism of a ZeroMQ socket stands in its greeting (ZMTP 3.0, rfc.zeromq.org/spec/23), before any key is needed.
"""

import errno
import os
import re
import socket
import time
from pathlib import Path
from typing import Literal

import zmq

from eegstream.doctor.facts import Port, Speaks
from eegstream.errors import EegstreamError
from eegstream.heartbeat import wait_for_life
from eegstream.listening.connection import Connection

_ANSWER_S = 1.0
_LIFE_S = 3.0
_STEP_S = 0.02
_SIGNATURE = b"\xff" + bytes(7) + b"\x01\x7f"
_OPENING = _SIGNATURE + b"\x03\x00"
"""No more than this: a socket that learns that the mechanisms differ hangs up before its own is read."""
_GREETING_BYTES = 64
_TCP = re.compile(r"tcp://(?P<host>.+):(?P<port>\d+)")
_EVERYWHERE = {"*": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what a user may give


def look_at_port(role: Literal["publish", "control"], url: str, keys: str | None) -> Port:
    """Who is at `url`; at the publishing address also whether a daemon gives a sign of life. Five seconds at most.

    A TCP address is bound for a moment, to see whether it is free. A daemon is met as any subscriber meets it; the
    greeting alone, which it would count as a failed handshake, is for those who do not answer so.
    """
    is_free, trouble = _bindable(url)
    if is_free or trouble is not None:
        return Port(role, url, "nothing", trouble)
    same: Speaks = "CURVE" if keys else "NULL"
    try:
        if role == "publish":
            life = wait_for_life(_reachable(url), keys, _LIFE_S)
            if life.state is not None:
                return Port(role, url, same, None, life.state.run)
            trouble = life.trouble
        elif _shakes_hands(_reachable(url), keys):
            return Port(role, url, same, None)
    except EegstreamError as error:
        trouble = error.message
    speaks = _speaks(url)
    return Port(role, url, speaks, None, None, None if speaks in {"nothing", "other"} else trouble)


def _shakes_hands(url: str, keys: str | None) -> bool:
    """Whether a socket of ZeroMQ takes a connection with these keys, or without."""
    with Connection(zmq.DEALER, url, None if keys is None else Path(keys)) as connection:
        connection.connect()
        end_s = time.monotonic() + _ANSWER_S
        while connection.trouble is not None and time.monotonic() < end_s:
            time.sleep(_STEP_S)
        return connection.trouble is None


def mechanism(answer: bytes) -> Speaks:
    """What the first bytes of an answer say; none at all are those of a program that waits for the other side."""
    if len(answer) < _GREETING_BYTES or answer[0] != _SIGNATURE[0] or answer[9] != _SIGNATURE[9]:
        return "other"
    name = answer[12:32].rstrip(b"\0")
    return "NULL" if name == b"NULL" else "CURVE" if name == b"CURVE" else "other"


def _speaks(url: str) -> Speaks:
    try:
        with _connected(url) as connection:
            connection.sendall(_OPENING)
            return mechanism(_answer(connection))
    except ConnectionResetError:
        return "other"
    except (OSError, AttributeError):  # no such address, or a system without ipc
        return "nothing"


def _connected(url: str) -> socket.socket:
    tcp = _TCP.fullmatch(_reachable(url))
    if tcp is not None:
        return socket.create_connection((tcp["host"].strip("[]"), int(tcp["port"])), _ANSWER_S)
    path = url.removeprefix("ipc://")
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(_ANSWER_S)
    try:
        connection.connect(f"\0{path[1:]}" if path.startswith("@") else path)
    except BaseException:
        connection.close()
        raise
    return connection


def _answer(connection: socket.socket) -> bytes:
    """At most a greeting, as far as it came in time."""
    answer = b""
    end_s = time.monotonic() + _ANSWER_S
    while len(answer) < _GREETING_BYTES and (left_s := end_s - time.monotonic()) > 0:
        connection.settimeout(left_s)
        try:
            part = connection.recv(_GREETING_BYTES - len(answer))
        except TimeoutError:
            break
        if not part:
            break
        answer += part
    return answer


def _reachable(url: str) -> str:
    """The address that a client on this machine connects to."""
    tcp = _TCP.fullmatch(url)
    host = "" if tcp is None else tcp["host"].strip("[]")
    if tcp is None or host not in _EVERYWHERE:
        return url
    near = _EVERYWHERE[host]
    return f"tcp://{f'[{near}]' if ':' in near else near}:{tcp['port']}"


def _bindable(url: str) -> tuple[bool | None, str | None]:
    """Whether the address is free, None if that cannot be told so; and why it could never be bound."""
    tcp = _TCP.fullmatch(url)
    if tcp is None:
        path = url.removeprefix("ipc://")
        if not url.startswith("ipc://") or path.startswith("*"):
            return True, None
        if path.startswith("@") or Path(path).exists():
            return None, None
        return True, None if Path(path).parent.is_dir() else f"there is no folder {Path(path).parent}"
    host = tcp["host"].strip("[]")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            None if host == "*" else host, int(tcp["port"]), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as binding:
            if os.name == "posix":  # elsewhere it would take the address from whoever has it
                binding.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            binding.bind(address)
    except socket.gaierror:
        return None, None  # perhaps the name of an interface, which ZeroMQ also takes
    except OSError as error:
        return False, None if error.errno == errno.EADDRINUSE else error.strerror or str(error)
    return True, None
