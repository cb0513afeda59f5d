"""Report the service's state to systemd, by the datagrams of sd_notify(3)."""

import os
import socket


def notify(*lines: str) -> None:
    """Send assignments such as `READY=1`; does nothing if systemd does not listen."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address or not hasattr(socket, "AF_UNIX"):
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto("\n".join(lines).encode(), address)
