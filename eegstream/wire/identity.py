"""Names of streams on the wire, and the default address."""

import hashlib
import re

DAEMON = "daemon"
"""Reserved stream name of the daemon's own state."""

DEFAULT_URL = "tcp://127.0.0.1:5571"
"""Default address at which a daemon publishes and subscribers connect."""
_LONGEST_SLUG = 48


def slug(name: str) -> str:
    """The name in `[a-z0-9_-]`, cut to a moderate length."""
    plain = re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-")
    return plain[:_LONGEST_SLUG] or "stream"


def stream_name(name: str, stream_type: str, source_id: str, hostname: str) -> str:
    """`<slug>-<6 hex digits>`: a device keeps its name when it restarts."""
    identity = source_id or f"{name}|{stream_type}|{hostname}"
    return f"{slug(name)}-{hashlib.sha256(identity.encode()).hexdigest()[:6]}"
