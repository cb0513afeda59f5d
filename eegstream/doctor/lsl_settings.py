"""Read liblsl's configuration as liblsl reads it.

It takes the first file that is there: what LSLAPICFG names, lsl_api.cfg in the working directory, then in ~/lsl_api and
in /etc/lsl_api. One line that it does not understand, an empty value among them, makes it discard the whole file.
Measured with liblsl 1.18.
"""

from collections.abc import Mapping
from pathlib import Path

from eegstream.doctor.facts import LslSettings

_SCOPES = ("machine", "link", "site", "organization", "global")
_GROUPS = {
    "machine": "{127.0.0.1}",
    "link": "{255.255.255.255, 224.0.0.1, 224.0.0.183}",
    "site": "{239.255.172.215}",
    "organization": "{}",
    "global": "{}",
}
"""Default IPv4 addresses by scope; each scope includes those before it."""


class SettingsError(ValueError):
    """liblsl would discard the file."""


def settings_files(environment: Mapping[str, str], folder: Path, home: Path) -> tuple[Path | None, tuple[Path, ...]]:
    """What LSLAPICFG names, None without it; and where liblsl looks after that, in its order."""
    named = environment.get("LSLAPICFG")
    others = (folder / "lsl_api.cfg", home / "lsl_api" / "lsl_api.cfg", Path("/etc/lsl_api/lsl_api.cfg"))
    return Path(named) if named else None, others


def look_at_settings(environment: Mapping[str, str], folder: Path, home: Path) -> LslSettings:
    """The settings that liblsl has in a process with this environment and working directory."""
    named, others = settings_files(environment, folder, home)
    missing = str(named) if named is not None and not named.is_file() else None
    file = next((path for path in (named, *others) if path is not None and path.is_file()), None)
    values: dict[str, str] = {}
    damage = None
    if file is not None:
        try:
            values = parse(file.read_text(encoding="utf-8", errors="replace"))
            numbers = _numbers(values)
        except (SettingsError, OSError) as error:
            damage, values = str(error), {}
    numbers = _numbers(values)
    scope = values.get("multicast.ResolveScope", "site")
    return LslSettings(
        file=None if file is None else str(file),
        missing=missing,
        damage=damage,
        session_id=values.get("lab.SessionID", "default"),
        resolve_scope=scope,
        ipv6=values.get("ports.IPv6", "allow"),
        addresses=_addresses(values, scope),
        known_peers=_list(values.get("lab.KnownPeers", "{}")),
        multicast_port=numbers["ports.MulticastPort"],
        base_port=numbers["ports.BasePort"],
        port_range=numbers["ports.PortRange"],
    )


def parse(text: str) -> dict[str, str]:
    """`section.key` by value.

    Raises:
        SettingsError: a line that makes liblsl discard the file.
    """
    values: dict[str, str] = {}
    section = ""
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith(";"):
            continue
        if line.startswith("["):
            if "]" not in line:
                raise SettingsError(f"line {number} has no closing bracket")
            section = line[1 : line.index("]")] + "."
            continue
        key, equals, value = (part.strip() for part in line.partition("="))
        if not equals or not key:
            raise SettingsError(f"line {number} is not KEY = VALUE; comments begin with ';'")
        if not value:
            raise SettingsError(f"line {number}, {key}, has no value")
        if section + key in values:
            raise SettingsError(f"line {number} gives {section}{key} a second time")
        values[section + key] = value
    return values


def _numbers(values: Mapping[str, str]) -> dict[str, int]:
    numbers = {"ports.MulticastPort": 16571, "ports.BasePort": 16572, "ports.PortRange": 32}
    for key in numbers:
        if key in values:
            try:
                numbers[key] = int(values[key])
            except ValueError:
                raise SettingsError(f"{key} is {values[key]!r}, expected a number") from None
    return numbers


def _addresses(values: Mapping[str, str], scope: str) -> tuple[str, ...]:
    override = _list(values.get("multicast.AddressesOverride", "{}"))
    if override:
        return override
    reached = _SCOPES[: _SCOPES.index(scope) + 1] if scope in _SCOPES else ()
    keys = ((f"multicast.{name.capitalize()}Addresses", _GROUPS[name]) for name in reached)
    return tuple(address for key, default in keys for address in _list(values.get(key, default)))


def _list(text: str) -> tuple[str, ...]:
    """`{a, b}` as liblsl writes lists."""
    return tuple(item.strip() for item in text.strip("{} ").split(",") if item.strip())
