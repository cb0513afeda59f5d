"""Try LSL's multicast groups on each interface, with datagrams that no outlet answers."""

import ipaddress
import secrets
import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from eegstream.doctor.facts import Interface, Multicast

_WAIT_S = 0.5
_AT_A_TIME = 16
_SALUTE = b"eegstream doctor "
"""liblsl passes over what begins with no command of its own."""


def look_at_network(addresses: Sequence[str], port: int) -> tuple[Interface, ...]:
    """Each interface that is up and has an IPv4 address, and what it does with the IPv4 groups among `addresses`.

    A datagram of one hop goes to each group; it takes half a second at most. Groups of IPv6 are not tried.
    """
    import psutil  # noqa: PLC0415 - on POSIX it needs modules that other systems lack

    groups = [address for address in addresses if is_ipv4_group(address)]
    states = psutil.net_if_stats()
    found = [
        (name, entry.address)
        for name, entries in psutil.net_if_addrs().items()
        for entry in entries
        if entry.family == socket.AF_INET and name in states and states[name].isup
    ]
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        tried = {
            (name, address): [pool.submit(try_group, group, address, port) for group in groups]
            for name, address in found
        }
        return tuple(
            Interface(
                name,
                address,
                ipaddress.ip_address(address).is_loopback,
                tuple(one.result() for one in tried[name, address]),
            )
            for name, address in found
        )


def is_ipv4_group(address: str) -> bool:
    """Whether an address is a multicast group of IPv4."""
    try:
        return ipaddress.IPv4Address(address).is_multicast
    except ValueError:
        return False


def try_group(group: str, interface: str, port: int) -> Multicast:
    """Send a datagram to a group on the interface with this address, and listen for it there."""
    message = _SALUTE + secrets.token_hex(8).encode()
    try:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hearing,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending,
        ):
            hearing.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            hearing.bind(("", port))
            member = socket.inet_aton(group) + socket.inet_aton(interface)
            hearing.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
            sending.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))
            sending.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
            sending.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
            sending.sendto(message, (group, port))
            return Multicast(group, _is_heard(hearing, message), None)
    except OSError as error:
        return Multicast(group, heard=False, why=error.strerror or str(error))


def _is_heard(hearing: socket.socket, message: bytes) -> bool:
    """Whether the message comes in time; others use the port, too."""
    end_s = time.monotonic() + _WAIT_S
    while (left_s := end_s - time.monotonic()) > 0:
        hearing.settimeout(left_s)
        try:
            if hearing.recv(len(message) + 1) == message:
                return True
        except TimeoutError:
            break
    return False
