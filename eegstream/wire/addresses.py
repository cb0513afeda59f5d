"""Addresses: which of them stay on this machine, and where replays are asked for."""

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


def loopback(address: str) -> tuple[str, int]:
    """Host and port of `ADDRESS:PORT`, such as 127.0.0.1:9571 or [::1]:9571; port 0 stands for any free one.

    Raises:
        ValueError: it is something else, or other machines could reach it.
    """
    found = re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[0-9.]+|localhost):([0-9]{1,5})", address)
    if found is None or int(found[2]) > 65535 or not is_local(f"tcp://{address}"):
        raise ValueError("expected a loopback address and a port, such as 127.0.0.1:9571")
    host = found[1].strip("[]")
    return "127.0.0.1" if host == "localhost" else host, int(found[2])


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
