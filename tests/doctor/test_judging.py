"""What the doctor makes of facts: one law per fault."""

from dataclasses import replace

import pytest

from eegstream.doctor.facts import (
    Budget,
    ChosenBundle,
    Interface,
    Keys,
    LslSettings,
    Models,
    Multicast,
    Outlet,
    Port,
    ShippedBundle,
    Software,
    SysInfo,
    Trouble,
)
from eegstream.doctor.findings import Finding
from eegstream.doctor.judging import findings

SOFTWARE = Software(
    eegstream="1.2.3",
    python="CPython 3.11",
    system="Linux",
    numpy="2.0",
    scipy="1.13",
    torch="2.11",
    torch_cuda=None,
    gpus=(),
    has_nvidia_driver=False,
    pyzmq="27",
    libzmq="4.3",
    pylsl="1.18",
    liblsl="1.18",
    liblsl_path="liblsl.so",
    liblsl_trouble=None,
    kernels_trouble=None,
)
LSL = LslSettings(
    file=None,
    missing=None,
    damage=None,
    session_id="default",
    resolve_scope="site",
    ipv6="allow",
    addresses=("127.0.0.1", "239.255.172.215"),
    known_peers=(),
    multicast_port=16571,
    base_port=16572,
    port_range=32,
)
OUTLET = Outlet(
    stream="cap-012345",
    name="cap",
    type="EEG",
    source_id="serial",
    hostname="lab",
    uid="u1",
    n_channels=8,
    rate_hz=250.0,
    format="float32",
    wanted=True,
    refused=None,
    silent=None,
    clock_offset_s=0.0,
    clock_error_s=1e-4,
    asked=True,
)
HEARD = Multicast("239.255.172.215", heard=True, why=None)
ETHERNET = Interface("eth0", "192.0.2.1", is_loopback=False, multicast=(HEARD,))
CHOSEN = ChosenBundle("default@2", "ab" * 32, "shipped", "cpu", 1.0, "the search in C")
MODELS = Models((ShippedBundle("default-2.pt", intact=True),), CHOSEN, Budget(64, 0.01), None)
PUBLISH = Port("publish", "tcp://127.0.0.1:5571", "nothing", None)
CONTROL = Port("control", "tcp://127.0.0.1:5572", "nothing", None)
KEYS = Keys("keys", exists=False, needed=False, allowed=0, troubles=())
HEALTHY = SysInfo(SOFTWARE, MODELS, LSL, (ETHERNET,), (OUTLET,), (PUBLISH, CONTROL), KEYS)


def said(info: SysInfo) -> list[Finding]:
    """All but what is in order."""
    return [finding for finding in findings(info) if finding.level != "ok"]


def test_a_healthy_machine_gets_no_advice() -> None:
    """Everything is in order, and there is nothing to do."""
    assert said(HEALTHY) == []
    assert all(finding.level == "ok" and not finding.remedy for finding in findings(HEALTHY))
    assert {finding.about for finding in findings(HEALTHY)} == {
        "software", "model", "time", "lsl", "network", "outlets", "ports", "keys",
    }  # fmt: skip


TWIN = replace(OUTLET, uid="u2")
OTHER_NAME = replace(OUTLET, uid="u2", stream="acc-012345", name="acc", type="ACC", wanted=False)
DEAF = replace(ETHERNET, multicast=(HEARD, Multicast("224.0.0.183", heard=False, why=None)))
FAULTS = {
    "no liblsl": (replace(HEALTHY, software=replace(SOFTWARE, liblsl_trouble="not found")), "problem", "liblsl"),
    "no kernels": (
        replace(HEALTHY, software=replace(SOFTWARE, kernels_trouble="no module")),
        "warning",
        "kernels in C",
    ),
    "torch without CUDA": (
        replace(HEALTHY, software=replace(SOFTWARE, has_nvidia_driver=True)),
        "note",
        "built for the CPU",
    ),
    "CUDA without a device": (
        replace(HEALTHY, software=replace(SOFTWARE, has_nvidia_driver=True, torch_cuda="12.8")),
        "warning",
        "CUDA 12.8, sees no device",
    ),
    "damaged shipped bundle": (
        replace(HEALTHY, models=replace(MODELS, shipped=(ShippedBundle("default-2.pt", intact=False),))),
        "problem",
        "default-2.pt",
    ),
    "no bundle": (replace(HEALTHY, models=Models((), None, None, Trouble("no bundle", "name one"))), "problem", "no b"),
    "slow": (replace(HEALTHY, models=replace(MODELS, budget=Budget(64, 1.01))), "warning", "63 channels on one core"),
    "LSLAPICFG": (replace(HEALTHY, lsl=replace(LSL, missing="lab.cfg")), "problem", "names lab.cfg"),
    "damaged settings": (
        replace(HEALTHY, lsl=replace(LSL, file="lsl_api.cfg", damage="line 2 has no value")),
        "problem",
        "line 2 has no value",
    ),
    "session": (replace(HEALTHY, lsl=replace(LSL, session_id="lab")), "note", "'lab'"),
    "this machine alone": (replace(HEALTHY, lsl=replace(LSL, addresses=("127.0.0.1",))), "note", "this machine alone"),
    "deaf interface": (replace(HEALTHY, interfaces=(DEAF,)), "warning", "eth0 (192.0.2.1) (224.0.0.183: not heard)"),
    "deaf loopback": (replace(HEALTHY, interfaces=(replace(DEAF, is_loopback=True),)), "note", "multicast fails"),
    "no interface": (replace(HEALTHY, interfaces=()), "warning", "no network interface"),
    "one id twice": (replace(HEALTHY, outlets=(OUTLET, TWIN)), "warning", "2 outlets have the source id 'serial'"),
    "one id, two names": (replace(HEALTHY, outlets=(OUTLET, OTHER_NAME)), "note", "names tell them apart"),
    "no id": (replace(HEALTHY, outlets=(replace(OUTLET, source_id=""),)), "warning", "no source id"),
    "markers": (
        replace(HEALTHY, outlets=(OUTLET, replace(OTHER_NAME, source_id="m", rate_hz=0.0, refused="text"))),
        "note",
        "irregular",
    ),
    "mute": (replace(HEALTHY, outlets=(OUTLET, replace(TWIN, source_id="m", silent="no answer"))), "problem", "mute"),
    "not asked": (
        replace(HEALTHY, outlets=(replace(OUTLET, asked=False, clock_offset_s=None),)),
        "note",
        "time was up",
    ),
    "no clock": (replace(HEALTHY, outlets=(replace(OUTLET, clock_offset_s=None),)), "warning", "clock_offset"),
    "clock of its own": (replace(HEALTHY, outlets=(replace(OUTLET, clock_offset_s=-7.5),)), "note", "-7.500 s"),
    "no outlet": (replace(HEALTHY, outlets=()), "warning", "no LSL outlet is visible"),
    "none selected": (replace(HEALTHY, outlets=(replace(OUTLET, wanted=False),)), "warning", "would take none"),
    "busy port": (replace(HEALTHY, ports=(replace(PUBLISH, speaks="other"), CONTROL)), "problem", "is no daemon"),
    "busy control port": (replace(HEALTHY, ports=(PUBLISH, replace(CONTROL, speaks="NULL"))), "problem", "5572"),
    "no such address": (
        replace(HEALTHY, ports=(replace(PUBLISH, bind_trouble="not ours"), CONTROL)),
        "problem",
        "cannot be bound (not ours)",
    ),
    "keys": (
        replace(HEALTHY, keys=replace(KEYS, needed=True, troubles=(Trouble("open", "chmod"),))),
        "problem",
        "open",
    ),
    "nobody allowed": (replace(HEALTHY, keys=replace(KEYS, exists=True, needed=True)), "problem", "allows no client"),
    "unused keys": (replace(HEALTHY, keys=replace(KEYS, troubles=(Trouble("open", "chmod"),))), "warning", "open"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_with_what_to_do(fault: str) -> None:
    """Each fault alone gives one finding of its level; only on loopback there is nothing to do."""
    info, level, words = FAULTS[fault]
    (finding,) = said(info)
    assert finding.level == level
    assert words in finding.found
    assert bool(finding.remedy) != (fault in {"deaf loopback", "one id, two names"})


def test_a_stream_that_is_selected_but_refused_is_named_with_the_reason() -> None:
    """And then run would take none."""
    told = said(replace(HEALTHY, outlets=(replace(OUTLET, refused="its rate is irregular", rate_hz=0.0),)))
    assert [finding.level for finding in told] == ["warning", "warning"]
    assert "not taken: its rate is irregular" in told[1].found


def test_a_living_daemon_is_no_fault() -> None:
    """Nor is its control address."""
    ports = (replace(PUBLISH, speaks="NULL", daemon_run="00" * 8), replace(CONTROL, speaks="NULL"))
    assert said(replace(HEALTHY, ports=ports)) == []


def test_texts_of_outlets_cannot_steer_the_terminal() -> None:
    """Names come from the network."""
    evil = replace(OUTLET, name="\x1b[2Jx\n", hostname="\x07", source_id="\x1b]", clock_offset_s=9.0)
    texts = [finding.found for finding in findings(replace(HEALTHY, outlets=(evil, replace(evil, uid="u2"))))]
    assert all(text.isprintable() for text in texts)
