"""An LSL configuration that isolates the outlets and readers of one run, on this machine."""

import secrets
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import SystemRandom
from tempfile import TemporaryDirectory

from eegstream.errors import StreamError

_CONFIGURATION = """[ports]
IPv6 = disable
MulticastPort = {port}
BasePort = {base}
PortRange = {count}
[multicast]
ResolveScope = machine
AddressesOverride = {{127.0.0.1}}
Interfaces = {{127.0.0.1}}
ListenAddress = 127.0.0.1
[lab]
SessionID = {session}
KnownPeers = {{127.0.0.1}}
[log]
level = -2
"""
CONFIGURATION_PREFIX = "eegstream-lsl-"
"""Prefix of the folders with such configurations."""
_COUNT = 192
"""Ports of a run: two per outlet, for the most outlets that a test or benchmark has, and one for discovery."""
_PORTS = range(20_000, 31_500, _COUNT)


@contextmanager
def private_configuration() -> Iterator[Path]:
    """Yield the path of a configuration file for `LSLAPICFG`, with its own ports and session id.

    No other run on this machine has the ports until the context ends.

    Raises:
        StreamError: every range of ports is taken.
    """
    reserved = _reserved()
    port = reserved.getsockname()[1]
    text = _CONFIGURATION.format(port=port, base=port + 1, count=_COUNT - 1, session=f"private-{secrets.token_hex(6)}")
    with closing(reserved), TemporaryDirectory(prefix=CONFIGURATION_PREFIX) as folder:
        path = Path(folder) / "lsl_api.cfg"
        path.write_text(text, encoding="ascii")
        yield path


def _reserved() -> socket.socket:
    """A TCP socket at the first port of a range that no other run has; LSL itself uses that port for UDP alone."""
    for port in SystemRandom().sample(_PORTS, len(_PORTS)):
        holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            holder.bind(("127.0.0.1", port))
        except OSError:
            holder.close()
        else:
            return holder
    raise StreamError(
        f"none of the {len(_PORTS)} ranges of ports from {_PORTS.start} on is free", "End other runs on this machine"
    )
