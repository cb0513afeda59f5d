"""An LSL configuration that isolates the outlets and readers of one run, on this machine."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import SystemRandom
from tempfile import TemporaryDirectory

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
    """Yield the path of a configuration file for `LSLAPICFG`, with its own ports and session id."""
    port = SystemRandom().choice(_PORTS)
    text = _CONFIGURATION.format(port=port, base=port + 1, count=_COUNT - 1, session=f"private-{secrets.token_hex(6)}")
    with TemporaryDirectory(prefix=CONFIGURATION_PREFIX) as folder:
        path = Path(folder) / "lsl_api.cfg"
        path.write_text(text, encoding="ascii")
        yield path
