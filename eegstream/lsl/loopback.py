"""An LSL configuration that keeps outlets and readers of one run to themselves, on this machine."""

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
PortRange = 64
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
_PORTS = range(20_000, 32_000, 80)


@contextmanager
def private_configuration() -> Iterator[Path]:
    """Give the path of a configuration file for `LSLAPICFG`, with ports and a session id of its own."""
    port = SystemRandom().choice(_PORTS)
    text = _CONFIGURATION.format(port=port, base=port + 1, session=f"private-{secrets.token_hex(6)}")
    with TemporaryDirectory(prefix="eegstream-") as folder:
        path = Path(folder) / "lsl_api.cfg"
        path.write_text(text, encoding="ascii")
        yield path
