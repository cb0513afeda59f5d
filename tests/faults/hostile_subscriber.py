"""A subscriber that speaks ZMTP by hand, so that it can do what libzmq would not.

`python -m tests.faults.hostile_subscriber HOW HOST PORT SECONDS` attacks, and reconnects when it is thrown out.
"""

import os
import random
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator

_GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(16 + 32)
_READY = b"\x05READY\x0bSocket-Type\x00\x00\x00\x03SUB"


def frame(body: bytes, flags: int = 0) -> bytes:
    """A ZMTP frame."""
    if len(body) < 256:
        return bytes([flags, len(body)]) + body
    return bytes([flags | 2]) + struct.pack(">Q", len(body)) + body


def greeted(host: str, port: int) -> socket.socket:
    """A connection behind its handshake, as of a SUB socket."""
    connection = socket.create_connection((host, port), 5.0)
    connection.sendall(_GREETING + frame(_READY, 4))
    return connection


def many_long(size: int) -> Iterator[bytes]:
    """Ever new subscriptions of `size` bytes."""
    generator = random.Random(os.getpid())  # noqa: S311
    while True:
        yield b"".join(frame(b"\x01" + generator.randbytes(size)) for _ in range(max(1, 65536 // size)))


def plausible() -> Iterator[bytes]:
    """Ever new subscriptions that could be those of streams."""
    number = os.getpid() << 32
    while True:
        parts = []
        for _ in range(500):
            number += 1
            parts.append(frame(b"\x01" + f"{number * 2654435761 & (1 << 64) - 1:016x}".encode() * 3 + b"/codes"))
        yield b"".join(parts)


def toggling() -> Iterator[bytes]:
    """Subscribe to everything and leave again."""
    while True:
        yield (frame(b"\x01") + frame(b"\x00")) * 1000


def unfinished() -> Iterator[bytes]:
    """One message of ever more frames."""
    while True:
        yield frame(b"\x01" + bytes(200), flags=1) * 300


def pinging() -> Iterator[bytes]:
    """Subscriptions with pings among them; libzmq 4.3.5 ends when it comes to a ping of a connection just closed."""
    ping = frame(b"\x04PING\x00\x00", flags=4)
    while True:
        yield (frame(b"\x01") * 50 + ping) * 200


def idle() -> Iterator[bytes]:
    """Subscribe, and read nothing."""
    yield frame(b"\x01")
    while True:
        time.sleep(0.1)
        yield b""


ATTACKS: dict[str, Callable[[], Iterator[bytes]]] = {
    "long": lambda: many_long(4000),
    "short": lambda: many_long(32),
    "huge": lambda: many_long(4_000_000),
    "plausible": plausible,
    "toggling": toggling,
    "unfinished": unfinished,
    "pinging": pinging,
    "idle": idle,
}


def crowd(host: str, port: int, seconds: float) -> int:
    """Open ever new connections, and keep them."""
    ends_s, connections = time.monotonic() + seconds, []
    while time.monotonic() < ends_s:
        connections.append(socket.create_connection((host, port), 5.0))
        del connections[: max(0, len(connections) - 900)]
    return len(connections)


def attack(how: str, host: str, port: int, seconds: float) -> int:
    """Attack for so long; return how often the peer closed the connection."""
    if how == "crowd":
        return crowd(host, port, seconds)
    ends_s, thrown_out = time.monotonic() + seconds, 0
    while time.monotonic() < ends_s:
        try:
            with greeted(host, port) as connection:
                connection.settimeout(0.5)
                for part in ATTACKS[how]():
                    if time.monotonic() > ends_s:
                        return thrown_out
                    connection.sendall(part)
        except TimeoutError:
            continue  # the peer reads no more for now
        except OSError:
            thrown_out += 1
            time.sleep(0.001)
    return thrown_out


if __name__ == "__main__":
    print(attack(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))  # noqa: T201
