"""The publishing socket with real subscribers."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import zmq

from eegstream.client import Subscriber
from eegstream.errors import ConfigError
from eegstream.pubsub.publisher import BindError, open_publisher
from tests.files.test_codes import codes, spec

ANYWHERE = "tcp://127.0.0.1:*"


@pytest.fixture
def publisher():
    with open_publisher(ANYWHERE) as opened:
        yield opened


def publish_until(publisher, subscriber, first_seq, count=4000):
    """Publish codes without pause until the subscriber got something; return the first thing that it got."""
    for number in range(count):
        publisher.publish(codes(first_seq + number, 0, number))
        publisher.welcome_newcomers()
        item = subscriber.receive(0)
        if item is not None:
            return item
        time.sleep(0.005)
    raise AssertionError("nothing came")


@pytest.mark.parametrize("attempt", range(5))
def test_a_newcomer_gets_the_spec_before_any_codes(publisher, attempt):
    """Even into a running stream, without a gap between its messages."""
    publisher.publish(spec())
    with Subscriber(publisher.url) as subscriber:
        assert publish_until(publisher, subscriber, 1).kind == "spec"
        assert publish_until(publisher, subscriber, 5000).kind == "codes"


def test_every_newcomer_gets_the_spec(publisher):
    """Also the second one with the same subscription, and one of a single stream."""
    publisher.publish(spec())
    publisher.publish(spec("other-111111"))
    for stream, expected in ((None, 2), (None, 2), ("other-111111", 1)):
        with Subscriber(publisher.url, stream) as subscriber:
            got = []
            deadline = time.monotonic() + 30
            while len(got) < expected and time.monotonic() < deadline:
                publisher.welcome_newcomers()
                got.append(subscriber.receive(0.01))
                got = [item for item in got if item is not None]
            assert {item.stream for item in got} >= ({stream} if stream else {"eeg-000000", "other-111111"})


def test_a_closed_epochs_spec_is_not_repeated(publisher):
    """A newcomer is not told of what is over."""
    publisher.publish(spec())
    publisher.forget("eeg-000000")
    with Subscriber(publisher.url) as subscriber:
        for _ in range(50):
            publisher.welcome_newcomers()
            assert subscriber.receive(0.01) is None


def test_an_unsubscribed_topic_stops(publisher):
    """Leaving is heard too: nothing comes any more to a socket that would take whatever comes."""
    socket = zmq.Context.instance().socket(zmq.XSUB)
    try:
        socket.connect(publisher.url)
        socket.send(b"\x01")
        publisher.publish(spec())
        while not socket.poll(10):
            publisher.welcome_newcomers()
        socket.send(b"\x00")
        seq, deadline, came = 0, time.monotonic() + 30, True
        while came and time.monotonic() < deadline:
            seq += 1
            publisher.publish(codes(seq, 0, seq))
            publisher.welcome_newcomers()
            came = socket.poll(500) > 0
            while socket.poll(0):
                socket.recv_multipart()
        assert not came
    finally:
        socket.close(0)


def test_a_busy_port_is_said(publisher):
    """One line that names the address; not a wrong configuration, since it may be free again."""
    with pytest.raises(BindError, match=f"{publisher.url} is in use") as caught, open_publisher(publisher.url):
        pass
    assert caught.value.exit_code == 1


def test_a_busy_ipc_path_is_said(tmp_path):
    """ZeroMQ itself would take the path from the first publisher without a word."""
    url = f"ipc://{tmp_path}/codes"
    with open_publisher(url), pytest.raises(BindError, match="is in use"), open_publisher(url):
        pass
    with open_publisher(url):
        pass


@pytest.mark.parametrize("url", ["nonsense", "tcp://no.such.host.invalid:5", "ipc:///no/such/folder/codes"])
def test_what_is_no_address_is_a_wrong_configuration(url):
    """systemd must not try again."""
    with pytest.raises(ConfigError) as caught, open_publisher(url):
        pass
    assert caught.value.exit_code == 78


@pytest.mark.skipif(os.name != "posix", reason="ipc addresses")
@pytest.mark.parametrize("kind", ["path", "any", "abstract"])
def test_ipc_addresses_leave_nothing_behind(tmp_path, monkeypatch, kind):
    """No lock file and no socket file, and no lock file at all where there is no path."""
    monkeypatch.chdir(tmp_path)
    name = f"eegstream-test-{os.getpid()}"
    url = {"path": f"ipc://{tmp_path}/codes", "any": "ipc://*", "abstract": f"ipc://@{name}"}[kind]
    with open_publisher(url) as publisher, Subscriber(publisher.url) as subscriber:
        publisher.publish(spec())
        assert publish_until(publisher, subscriber, 1).kind == "spec"
        assert kind == "path" or not list(tmp_path.rglob("*.lock"))
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/proc/net/unix").exists(), reason="abstract names are of Linux")
def test_a_busy_abstract_name_is_said():
    """It needs no lock: the system refuses it."""
    url = f"ipc://@eegstream-test-{os.getpid()}-busy"
    with open_publisher(url), pytest.raises(BindError, match="is in use"), open_publisher(url):
        pass


KILLED = """
import os, signal, sys
from eegstream.pubsub.publisher import open_publisher
with open_publisher(sys.argv[1]) as publisher:
    print(publisher.url, publisher._outlet.pid, flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the process is killed")
@pytest.mark.parametrize("kind", ["tcp", "path", "abstract"])
def test_a_killed_publisher_leaves_nothing_in_the_way(tmp_path, kind):
    """Its publishing process ends with it, and its address is free at once."""
    url = {
        "tcp": ANYWHERE,
        "path": f"ipc://{tmp_path}/codes",
        "abstract": f"ipc://@eegstream-test-{os.getpid()}-killed",
    }[kind]
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        bound, child = process.stdout.readline().split()
        process.kill()
        process.wait(30)
        deadline = time.monotonic() + 30
        while Path(f"/proc/{child}").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        with open_publisher(bound) as publisher, Subscriber(publisher.url) as subscriber:
            publisher.publish(spec())
            assert publish_until(publisher, subscriber, 1).kind == "spec"
