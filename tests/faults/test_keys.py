"""Keys: who is let in, who is not, and what both sides say about it."""

import logging
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from eegstream import keys
from eegstream.client import Subscriber
from eegstream.errors import ConfigError
from eegstream.pubsub.publisher import Publisher, open_publisher, usable_keys
from tests.e2e.harness import command
from tests.files.test_codes import codes, spec

ANYWHERE = "tcp://127.0.0.1:*"
PATIENCE_S = 20.0
SILENT_S = 1.5


@pytest.fixture
def server(tmp_path: Path) -> Path:
    """The daemon's folder, which allows the client of `client`."""
    folder = tmp_path / "server"
    keys.generate(folder, "server")
    keys.allow(folder, "lab", client_folder(tmp_path / "client", folder))
    return folder


def client_folder(folder: Path, server: Path) -> str:
    """Make a client's folder that trusts the server; return the client's public key."""
    public = keys.generate(folder, "client")
    keys.trust_server(folder, keys.server_public(server))
    return public


@pytest.fixture
def publisher(server: Path) -> Iterator[Publisher]:
    with open_publisher(ANYWHERE, server) as opened:
        opened.publish(spec())
        yield opened


def hears(publisher: Publisher, subscriber: Subscriber, patience_s: float) -> bool:
    """Whether the subscriber gets anything while codes are published."""
    deadline_s = time.monotonic() + patience_s
    seq = 1
    while time.monotonic() < deadline_s:
        publisher.publish(codes(seq, 0, seq))
        publisher.welcome_newcomers()
        seq += 1
        if subscriber.receive(0.01) is not None:
            return True
    return False


def troubled(subscriber: Subscriber, pattern: str) -> bool:
    """Whether the subscriber comes to say this of its connection."""
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        if pattern in str(subscriber.trouble):
            return True
        subscriber.receive(0.05)
    return False


def said(log: pytest.LogCaptureFixture, publisher: Publisher, pattern: str) -> bool:
    """Whether the publisher's log comes to say this."""
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        publisher.welcome_newcomers()
        if re.search(pattern, log.text):
            return True
        time.sleep(0.05)
    return False


def test_an_allowed_key_hears_and_can_ask_again(publisher: Publisher, tmp_path: Path) -> None:
    """Both addresses are encrypted with the same keys."""
    with Subscriber(publisher.url, keys=tmp_path / "client") as subscriber:
        assert hears(publisher, subscriber, PATIENCE_S)
        assert subscriber.trouble is None


def _plain(tmp_path: Path, server: Path) -> None:
    return None


def _unknown(tmp_path: Path, server: Path) -> Path:
    client_folder(tmp_path / "unknown", server)
    return tmp_path / "unknown"


def _wrong_server(tmp_path: Path, server: Path) -> Path:
    other = tmp_path / "other"
    keys.generate(other, "server")
    keys.trust_server(tmp_path / "client", keys.server_public(other))
    return tmp_path / "client"


@pytest.mark.parametrize(
    ("of", "client_says", "server_says"),
    [
        (_plain, "handshake fails", "failed handshakes"),
        (_unknown, "refuses this key", "subscribers refused"),
        (_wrong_server, "handshake fails", "failed handshakes"),
    ],
)
def test_whoever_is_not_allowed_hears_nothing_and_both_sides_say_so(
    publisher: Publisher,
    server: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    of: Callable[[Path, Path], Path | None],
    client_says: str,
    server_says: str,
) -> None:
    """A client without keys, with a key that is not allowed, or that insists on another daemon."""
    caplog.set_level(logging.WARNING)
    with Subscriber(publisher.url, keys=of(tmp_path, server)) as subscriber:
        assert not hears(publisher, subscriber, SILENT_S)
        assert troubled(subscriber, client_says)
        assert said(caplog, publisher, server_says)
    secrets = [path.read_text(encoding="ascii").strip() for path in tmp_path.rglob("*.secret")]
    assert secrets
    assert not any(secret in caplog.text for secret in secrets)


def test_a_client_with_keys_hears_nothing_of_a_daemon_without(server: Path, tmp_path: Path) -> None:
    """It does not fall back to a plain connection."""
    with open_publisher(ANYWHERE) as plain, Subscriber(plain.url, keys=tmp_path / "client") as subscriber:
        plain.publish(spec())
        assert not hears(plain, subscriber, SILENT_S)
        assert troubled(subscriber, "handshake fails")


def test_a_revoked_key_is_disconnected(publisher: Publisher, server: Path, tmp_path: Path) -> None:
    """Within seconds, without a restart; allowed again, it hears again."""
    public = (tmp_path / "client" / "client.public").read_text(encoding="ascii").strip()
    with Subscriber(publisher.url, keys=tmp_path / "client") as subscriber:
        assert hears(publisher, subscriber, PATIENCE_S)
        keys.revoke(server, "lab")
        deadline_s = time.monotonic() + PATIENCE_S
        while hears(publisher, subscriber, SILENT_S) and time.monotonic() < deadline_s:
            pass
        assert not hears(publisher, subscriber, SILENT_S)
        keys.allow(server, "lab", public)
        assert hears(publisher, subscriber, PATIENCE_S)


@pytest.mark.parametrize("url", ["tcp://0.0.0.0:5571", "tcp://*:5571", "tcp://192.0.2.1:5571", "tcp://eth0:5571"])
def test_an_address_of_other_machines_needs_keys(url: str, tmp_path: Path) -> None:
    """Nothing is bound; the error says how keys are made, and systemd does not try again."""
    with pytest.raises(ConfigError, match=r"other machines.*eegstream keys generate server") as caught:
        usable_keys(url, tmp_path)
    assert caught.value.exit_code == 78
    keys.generate(tmp_path, "server")
    with pytest.raises(ConfigError, match="eegstream keys allow NAME"):
        usable_keys(url, tmp_path)
    keys.allow(tmp_path, "lab", keys.generate(tmp_path, "client"))
    assert usable_keys(url, tmp_path) == tmp_path


@pytest.mark.parametrize(
    "url", ["tcp://127.0.0.1:5571", "tcp://[::1]:5571", "tcp://localhost:1", "ipc://x", "ipc://@x"]
)
def test_an_address_of_this_machine_needs_none(url: str) -> None:
    """Unless they are asked for, or replays are asked for elsewhere."""
    assert usable_keys(url, None) is None


def test_the_control_address_needs_keys_too(tmp_path: Path) -> None:
    """Who can ask for messages again can read them."""
    with pytest.raises(ConfigError, match="keys"):
        usable_keys("tcp://127.0.0.1:5571", tmp_path, "tcp://*:5572")


def test_run_says_it_in_one_line_and_ends_with_78(tmp_path: Path) -> None:
    """Before anything is published."""
    done = command("run", "--bind", "tcp://*:*", "--keys", str(tmp_path / "none"), "--device", "cpu")
    assert done.returncode == 78
    assert "eegstream keys generate server" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_secret_keys_are_for_their_owner(tmp_path: Path) -> None:
    """They are made so, never replaced, and not used if others can read them."""
    keys.generate(tmp_path, "server")
    secret = tmp_path / "server.secret"
    assert secret.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ConfigError, match="exists already"):
        keys.generate(tmp_path, "server")
    assert repr(keys.own_pair(tmp_path, "server")).count(secret.read_text(encoding="ascii").strip()) == 0
    secret.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        keys.own_pair(tmp_path, "server")


def test_the_commands_make_list_allow_and_revoke(tmp_path: Path) -> None:
    """As docs/how-to/remote.md does it; no output holds a secret key."""
    here, there = str(tmp_path / "server"), str(tmp_path / "client")
    server_key = command("keys", "generate", "server", "--keys", here).stdout.strip()
    made = command("keys", "generate", "client", "--keys", there, "--server", server_key)
    assert command("keys", "allow", "lab", str(Path(there) / "client.public"), "--keys", here).returncode == 0
    assert command("keys", "list", "--keys", here).stdout == f"lab  {made.stdout.strip()}\n"
    assert keys.server_public(Path(there)) == server_key
    assert command("keys", "revoke", "lab", "--keys", here).returncode == 0
    assert command("keys", "list", "--keys", here).stdout == ""
    assert command("keys", "revoke", "lab", "--keys", here).returncode == 78
    assert command("keys", "allow", "../lab", server_key, "--keys", here).returncode == 78
    assert command("keys", "allow", "lab", "no-key", "--keys", here).returncode == 78
    assert (Path(there) / "client.secret").read_text(encoding="ascii").strip() not in made.stdout + made.stderr


def test_a_file_that_is_no_key_is_not_shown(tmp_path: Path) -> None:
    """It might be a secret key that was saved wrongly."""
    keys.generate(tmp_path, "server")
    (tmp_path / "server.secret").write_text("hunter2 hunter2\n", encoding="ascii")
    with pytest.raises(ConfigError) as caught:
        keys.own_pair(tmp_path, "server")
    assert "hunter2" not in str(caught.value)
