"""The facts are those of this machine: real files, sockets, liblsl."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import zmq

import eegstream
from eegstream.codec.addresses import SHIPPED, SUMS
from eegstream.config import RunConfig
from eegstream.doctor.key_folder import look_at_keys
from eegstream.doctor.looking import sys_info
from eegstream.doctor.lsl_settings import look_at_settings
from eegstream.doctor.models import shipped_bundles
from eegstream.doctor.network import look_at_network, try_group
from eegstream.doctor.ports import _speaks, look_at_port, mechanism
from eegstream.keys import generate

SESSION = """
import pylsl
print(pylsl.StreamOutlet(pylsl.StreamInfo("a", "b", 1, 1, "int8", "c")).get_info().session_id())
"""
QUIET = "[log]\nlevel = -2\n"
FILES = {
    "good": "; a comment\n[lab]\nSessionID = one ; two\nKnownPeers={a, 192.0.2.1}\n[multicast]\nResolveScope=machine\n",
    "empty value": "[lab]\nSessionID = one\n[multicast]\nListenAddress =\n",
    "twice": "[lab]\nSessionID = one\nSessionID = two\n",
    "another comment": "# a comment\n[lab]\nSessionID = one\n",
    "no bracket": "[lab\nSessionID = one\n",
    "no section": "SessionID = one\n",
}


def test_liblsl_reads_its_file_as_we_do(tmp_path: Path) -> None:
    """The session is what liblsl itself says; a file that it discards is called damaged."""
    children = {}
    for name, text in FILES.items():
        file = tmp_path / name
        file.write_text(text + QUIET)
        children[name] = subprocess.Popen(
            [sys.executable, "-c", SESSION],
            env={**os.environ, "LSLAPICFG": str(file)},
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    for name, child in children.items():
        said, _ = child.communicate(timeout=60)
        ours = look_at_settings({"LSLAPICFG": str(tmp_path / name)}, tmp_path, tmp_path)
        assert (name, ours.session_id) == (name, said.strip())
        assert (ours.damage is None) == (name in {"good", "no section"})


def test_settings_come_from_the_first_file_that_is_there(tmp_path: Path) -> None:
    """A file that LSLAPICFG names in vain is told; without any file there are the defaults."""
    home = tmp_path / "home"
    (home / "lsl_api").mkdir(parents=True)
    none = look_at_settings({"LSLAPICFG": "nowhere.cfg"}, tmp_path, home)
    assert (none.missing, none.session_id, none.known_peers) == ("nowhere.cfg", "default", ())
    assert none.addresses[0] == "127.0.0.1"
    assert "239.255.172.215" in none.addresses
    (home / "lsl_api" / "lsl_api.cfg").write_text("[lab]\nSessionID = home\n")
    assert look_at_settings({}, tmp_path, home).session_id == "home"
    (tmp_path / "lsl_api.cfg").write_text(FILES["good"])
    here = look_at_settings({}, tmp_path, home)
    assert (here.missing, here.session_id, here.known_peers) == (None, "one ; two", ("a", "192.0.2.1"))
    assert here.addresses == ("127.0.0.1",)


def test_a_bundle_of_another_digest_is_not_intact(tmp_path: Path) -> None:
    """One bit is enough."""
    for name in (SUMS, "seed-3.pt", "micro-1.pt"):
        shutil.copy(SHIPPED / name, tmp_path)
    content = bytearray((tmp_path / "seed-3.pt").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "seed-3.pt").write_bytes(content)
    assert {one.file: one.intact for one in shipped_bundles(tmp_path)} == {"seed-3.pt": False, "micro-1.pt": True}


def test_a_socket_is_known_by_its_greeting(tmp_path: Path) -> None:
    """ZeroMQ without and with keys, a program that says something else, and nobody."""
    public, secret = zmq.curve_keypair()
    with zmq.Context() as context, context.socket(zmq.PUB) as plain, context.socket(zmq.PUB) as keyed:
        keyed.curve_server, keyed.curve_publickey, keyed.curve_secretkey = True, public, secret
        ports = [bound.bind_to_random_port("tcp://127.0.0.1") for bound in (plain, keyed)]
        urls = [f"tcp://127.0.0.1:{port}" for port in ports]
        assert [_speaks(url) for url in urls] == ["NULL", "CURVE"]
        assert look_at_port("control", urls[0], None).speaks == "NULL"
    assert look_at_port("publish", f"tcp://127.0.0.1:{ports[0]}", None).speaks == "nothing"
    assert mechanism(b"SSH-2.0-OpenSSH_9.2\r\n" + bytes(64)) == "other"
    assert look_at_port("publish", "tcp://192.0.2.1:9", None).bind_trouble is not None


@pytest.mark.skipif(os.name != "posix", reason="modes are for POSIX")
def test_keys_that_others_can_read_are_told(tmp_path: Path) -> None:
    """And a folder that others can change; keys in order give no trouble."""
    config = RunConfig(keys=str(tmp_path))
    generate(tmp_path, "server")
    tmp_path.chmod(0o700)
    assert look_at_keys(config).troubles == ()
    (tmp_path / "server.secret").chmod(0o644)
    tmp_path.chmod(0o777)
    changed, read = look_at_keys(config).troubles
    assert "changed by other users" in changed.message
    assert "read by other users" in read.message


def test_keys_are_needed_where_they_are_given_or_others_connect(tmp_path: Path) -> None:
    """A folder that lacks them is then trouble."""
    assert not look_at_keys(RunConfig()).needed
    assert look_at_keys(RunConfig(bind="tcp://0.0.0.0:5571")).needed
    (trouble,) = look_at_keys(RunConfig(keys=str(tmp_path))).troubles
    assert "server.secret" in trouble.message


def test_a_group_is_heard_where_it_is_sent() -> None:
    """On some interface of this machine; an address that is no interface's gets the system's reason."""
    found = look_at_network(["255.255.255.255", "239.255.172.215"], 16571)
    assert {one.group for interface in found for one in interface.multicast} <= {"239.255.172.215"}
    if not any(one.heard for interface in found for one in interface.multicast):
        pytest.skip("this machine has no multicast")
    assert try_group("239.255.172.215", "192.0.2.254", 16571).why is not None


def test_the_facts_are_had_from_python() -> None:
    """By the name that the documentation gives."""
    assert eegstream.sys_info is sys_info
