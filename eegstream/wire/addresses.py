"""ZeroMQ addresses: which of them stay on this machine, and where replays are asked for."""

import ipaddress
import re

_TCP = re.compile(r"tcp://(?P<host>.+):(?P<port>\*|\d+)")


def is_local(url: str) -> bool:
    """Whether only this machine can reach the address: a loopback address, or ipc."""
    if url.startswith("ipc://"):
        return True
    tcp = _TCP.fullmatch(url)
    if tcp is None:
        return False
    host = tcp["host"].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def control_url(url: str) -> str:
    """The control address that belongs to a publishing address, unless another one is set.

    The next port (before the last one, 65535, the one before it); for ipc, the path with `.control` after it.
    """
    tcp = _TCP.fullmatch(url)
    if tcp is None:
        return f"{url}.control"
    if tcp["port"] == "*":
        return url
    port = int(tcp["port"])
    return f"tcp://{tcp['host']}:{port + 1 if port < 65535 else port - 1}"
