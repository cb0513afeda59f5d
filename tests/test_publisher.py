"""The publishing socket with real subscribers."""

import time

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
        time.sleep(0.001)
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
            deadline = time.monotonic() + 5
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
    """Leaving is heard too."""
    socket = zmq.Context.instance().socket(zmq.SUB)
    try:
        socket.connect(publisher.url)
        socket.subscribe("")
        publisher.publish(spec())
        while not socket.poll(10):
            publisher.welcome_newcomers()
        socket.unsubscribe("")
        deadline = time.monotonic() + 5
        while socket.poll(50) and time.monotonic() < deadline:
            socket.recv_multipart()
            publisher.welcome_newcomers()
        publisher.publish(codes(1, 0, 0))
        assert not socket.poll(100)
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
