"""Run a program under the restrictions of systemd/eegstream.service that need no systemd: `sandbox.py UNIT PROGRAM...`.

System calls and socket families are filtered by seccomp as systemd filters them, with libseccomp; real-time scheduling
and namespaces are refused; capabilities and the way to new privileges are given up; limits are set. Mounts, devices and
cgroups stay as they are.
"""

import ctypes
import ctypes.util
import functools
import os
import re
import resource
import socket
import subprocess
import sys
from pathlib import Path

_PR_SET_NO_NEW_PRIVS, _PR_CAPBSET_DROP = 38, 24
_ALLOW, _EPERM, _ENOSYS = 0x7FFF0000, 0x00050001, 0x00050026
_EQUAL, _MASKED = 4, 7
_CLONE_NEW = 0x7E020080
"""Flags of clone and unshare that make namespaces."""


class _Comparison(ctypes.Structure):
    _fields_ = (("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64))


def service_of(unit: Path) -> dict[str, list[str]]:
    """The lines of a unit's [Service] section: every value of each key."""
    found: dict[str, list[str]] = {}
    section = re.search(r"^\[Service\]\n(.*?)^\[", unit.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert section is not None
    for key, value in re.findall(r"^(\w+)=(.*)$", section[1], re.MULTILINE):
        found.setdefault(key, []).append(value)
    return found


@functools.cache
def calls(group: str) -> frozenset[str]:
    """The system calls of a group such as @system-service, as this machine's systemd has them."""
    told = subprocess.run(
        ["systemd-analyze", "syscall-filter", group],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    words = [line.strip() for line in told.splitlines()[1:] if line.strip() and not line.strip().startswith("#")]
    return frozenset().union(*(calls(word) if word.startswith("@") else {word} for word in words))


def allowed_calls(service: dict[str, list[str]]) -> set[str]:
    """What SystemCallFilter= lets through."""
    allowed = set(calls("@default"))
    for line in service["SystemCallFilter"]:
        for word in line.removeprefix("~").split():
            named = calls(word) if word.startswith("@") else {word}
            allowed = allowed - named if line.startswith("~") else allowed | named
    return allowed


class _Filter:
    """A seccomp filter; calls that have no rule fail with EPERM."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(ctypes.util.find_library("seccomp") or "libseccomp.so.2")
        self._library.seccomp_init.restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(self._library.seccomp_init(_EPERM))

    def allow(self, call: str, *comparisons: _Comparison, action: int = _ALLOW) -> None:
        number = self._library.seccomp_syscall_resolve_name(call.encode())
        array = (_Comparison * len(comparisons))(*comparisons)
        if number >= 0:
            done = self._library.seccomp_rule_add_array(
                self._context, ctypes.c_uint32(action), number, len(comparisons), array
            )
            assert done == 0, (call, done)

    def load(self) -> None:
        assert self._library.seccomp_load(self._context) == 0


def restrict(service: dict[str, list[str]]) -> None:
    """Put this process under the service's restrictions."""
    soft = int(service["LimitNOFILE"][0])
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(int(service["UMask"][0], 8))
    libc = ctypes.CDLL(None, use_errno=True)
    assert service["CapabilityBoundingSet"] == [""]
    if os.geteuid() == 0:
        for capability in range(64):
            libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    assert libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    special = {"socket", "sched_setscheduler", "clone", "unshare", "setns", "clone3"}
    rules = _Filter()
    allowed = allowed_calls(service)
    for call in sorted(allowed - special):
        rules.allow(call)
    for family in service["RestrictAddressFamilies"][0].split():
        rules.allow("socket", _Comparison(0, _EQUAL, getattr(socket, family), 0))
    for policy in (os.SCHED_OTHER, os.SCHED_BATCH, os.SCHED_IDLE) if "sched_setscheduler" in allowed else ():
        rules.allow("sched_setscheduler", _Comparison(1, _EQUAL, policy, 0))
    for call in ("clone", "unshare"):
        rules.allow(call, _Comparison(0, _MASKED, _CLONE_NEW, 0))
    # Its flags are in memory, where a filter cannot look; told that it does not exist, libc takes clone.
    rules.allow("clone3", action=_ENOSYS)
    rules.load()


if __name__ == "__main__":
    restrict(service_of(Path(sys.argv[1])))
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - the test's own program
