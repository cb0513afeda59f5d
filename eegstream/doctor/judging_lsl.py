"""Say what the facts about LSL and the network mean; pure."""

from collections import Counter
from collections.abc import Iterator, Sequence

from eegstream.doctor.facts import Interface, LslSettings, Outlet
from eegstream.doctor.findings import Finding
from eegstream.dsp.montage import printable

_OTHER_CLOCK_S = 0.1
"""Clocks of one machine agree within a millisecond."""


def of_lsl(lsl: LslSettings) -> Iterator[Finding]:
    """The configuration, and what it narrows."""
    if lsl.missing is not None:
        yield Finding(
            "lsl",
            "problem",
            f"LSLAPICFG names {lsl.missing}, which is not there; liblsl uses {lsl.file or 'its defaults'} instead",
            "Correct or unset LSLAPICFG",
        )
    if lsl.damage is not None:
        yield Finding(
            "lsl",
            "problem",
            f"liblsl discards the whole of {lsl.file}: {lsl.damage}",
            "Correct or remove that line; liblsl uses its defaults until then",
        )
    where = "the defaults" if lsl.file is None or lsl.damage is not None else lsl.file
    peers = ", ".join(lsl.known_peers) or "none"
    yield Finding(
        "lsl",
        "ok",
        f"LSL settings from {where}: session {lsl.session_id}, scope {lsl.resolve_scope}, KnownPeers {peers}, ports "
        f"{lsl.multicast_port} and {lsl.base_port} to {lsl.base_port + lsl.port_range - 1}",
    )
    if lsl.session_id != "default":
        yield Finding(
            "lsl",
            "note",
            f"only outlets with the session id {lsl.session_id!r} are visible",
            "Give the sender the same [lab] SessionID, or remove it from both",
        )
    if all(address.startswith("127.") for address in lsl.addresses):
        yield Finding(
            "lsl",
            "note",
            "LSL searches on this machine alone",
            "For streams of other machines set [multicast] ResolveScope = site, or name them in [lab] KnownPeers",
        )


def of_network(lsl: LslSettings, interfaces: Sequence[Interface]) -> Iterator[Finding]:
    """Multicast on each interface."""
    if not interfaces:
        remedy = "Connect the machine to the network of the sender"
        yield Finding("network", "warning", "no network interface with an IPv4 address is up", remedy)
    for interface in interfaces:
        if not interface.multicast:
            continue
        name = f"{interface.name} ({interface.address})"
        deaf = [one for one in interface.multicast if not one.heard]
        if not deaf:
            groups = ", ".join(one.group for one in interface.multicast)
            found = f"multicast to {groups} is sent and heard on {name}; switches on the way are not tested"
            yield Finding("network", "ok", found)
            continue
        whys = ", ".join(f"{one.group}: {one.why or 'not heard'}" for one in deaf)
        yield Finding(
            "network",
            "note" if interface.is_loopback else "warning",
            f"multicast fails on {name} ({whys})",
            ""
            if interface.is_loopback
            else f"Allow UDP port {lsl.multicast_port} in the firewall, or name the sender in [lab] KnownPeers",
        )


def of_outlets(outlets: Sequence[Outlet]) -> Iterator[Finding]:
    """Each outlet that `run` would have trouble with, and those that it would not."""
    if not outlets:
        yield Finding(
            "outlets",
            "warning",
            "no LSL outlet is visible",
            "Start the sender; on another machine, compare its network, firewall, session id and KnownPeers with these",
        )
        return
    taken = sum(outlet.wanted and outlet.refused is None and outlet.silent is None for outlet in outlets)
    if taken:
        yield Finding("outlets", "ok", f"{len(outlets)} LSL outlets are visible, of which run would take {taken}")
    else:
        yield Finding(
            "outlets",
            "warning",
            f"{len(outlets)} LSL outlets are visible, of which run would take none",
            "See why with: eegstream streams; select others with --select",
        )
    unasked = sum(not outlet.asked and outlet.refused is None for outlet in outlets)
    if unasked:
        found = f"{unasked} of the outlets were not asked for description and clock: there are too many, or time was up"
        yield Finding("outlets", "note", found, "Ask again when the machine is less busy, or see: eegstream streams")
    yield from _shared_ids(outlets)
    for outlet in outlets:
        yield from _of_outlet(outlet)


def _shared_ids(outlets: Sequence[Outlet]) -> Iterator[Finding]:
    counts = Counter(outlet.source_id for outlet in outlets if outlet.source_id)
    for source_id, count in counts.items():
        if count < 2:
            continue
        same = [outlet for outlet in outlets if outlet.source_id == source_id]
        names = ", ".join(sorted({printable(outlet.name) for outlet in same}))
        hosts = ", ".join(sorted({printable(outlet.hostname) for outlet in same}))
        is_confused = len({outlet.stream for outlet in same}) < count
        found = f"{count} outlets have the source id {printable(source_id)!r}: {names} on {hosts}"
        if is_confused:
            found += "; which of them gets which name on the wire depends on their order"
            yield Finding("outlets", "warning", found, "Give each sender a source id of its own, or stop one of them")
        else:
            yield Finding("outlets", "note", f"{found}; their names tell them apart")


def _of_outlet(outlet: Outlet) -> Iterator[Finding]:
    name = f"{printable(outlet.name)!r} on {printable(outlet.hostname)}"
    if outlet.wanted and not outlet.source_id:
        yield Finding(
            "outlets",
            "warning",
            f"{name} has no source id: after a restart it is known by its name, type and host alone",
            "Give the sender a source id, such as the serial number of the device",
        )
    if outlet.wanted and outlet.refused is not None:
        yield Finding(
            "outlets",
            "warning",
            f"{name} is selected but not taken: {outlet.refused}",
            "Correct the sender, or the settings of run; eegstream streams shows what they make of it",
        )
    elif outlet.rate_hz == 0 and not outlet.wanted:
        yield Finding("outlets", "note", f"{name} is irregular: markers, not EEG", "If it is wanted: --markers")
    if outlet.silent is not None:
        yield Finding(
            "outlets",
            "problem" if outlet.wanted else "warning",
            f"{name} is announced but mute: {outlet.silent}",
            "Restart the sender; on another machine, allow its TCP ports in the firewall",
        )
    elif outlet.asked and outlet.clock_offset_s is None:
        yield Finding(
            "outlets",
            "warning",
            f"{name} does not answer for its clock, so its codes have no clock_offset",
            "Allow its UDP ports in the firewall",
        )
    elif outlet.clock_offset_s is not None and abs(outlet.clock_offset_s) > _OTHER_CLOCK_S:
        error_ms = (outlet.clock_error_s or 0.0) * 1000
        yield Finding(
            "outlets",
            "note",
            f"{name} has a clock of its own, {outlet.clock_offset_s:+.3f} s from this machine's, known within "
            f"{error_ms:.2f} ms",
            "Nothing, if times are read with clock_offset",
        )
